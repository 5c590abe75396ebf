/** sendOff gives what was written to a socket, and lets the memory be used again when it has left. */
import type { Writable } from 'node:stream'
import type { PeerWriter } from '../copies/wire/peer-writer.ts'
import type { PeerRoom } from './peer-room.ts'

export function sendOff(socket: Writable, writer: PeerWriter, room: PeerRoom): void {
  if (writer.isLent) {
    const { bytes, buffer } = writer.handOver()
    socket.write(bytes, () => room.give(buffer))
    return
  }
  socket.write(writer.bytes)
  // What the system has taken at once may be overwritten; what waits in the socket may not.
  if (socket.writableLength === 0) writer.clear()
  else writer.take()
}
