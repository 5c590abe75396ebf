/**
 * Gossip on the wire: a connection to a peer's listener for peers, upgraded to frames (sdk/src/protocol/frames has their
 * head) of JSON. One message is under way at a time, so that an answer needs no number: what is asked meanwhile goes over
 * another connection, and a probe that takes its time holds up no other exchange.
 *
 *      GET /v1/peer/gossip               message ─►                   both as membership/message.ts has them
 *      Upgrade: ringhold-gossip/1                ◄─ message
 *                                                ◄─ error             why it is refused; then the connection is closed
 */
import type { Writable } from 'node:stream'
import { type FrameReader, type FrameWriter, frameTypes, type RingholdError, readAnswer } from '@ringhold/sdk/protocol'
import { messageBytesMax, type PeerMessage, parsePeerMessage } from '../membership/membership.ts'

export const gossipProtocol = 'ringhold-gossip/1'
export const gossipPath = '/v1/peer/gossip'

/** The number of the type on the wire. */
const messageType = 128
const errorBytesMax = 4_096

/** frameBytesMax bounds the frames of both sides: the longest message and the head of its frame. */
export const frameBytesMax = messageBytesMax + errorBytesMax

/** writeMessage appends a message and returns how many bytes of JSON it is. */
export function writeMessage(writer: FrameWriter, message: PeerMessage): number {
  const json = Buffer.from(JSON.stringify(message))
  writer.begin(messageType, 0, 0, json.length)
  writer.raw(json)
  writer.end()
  return json.length
}

/** Read is a message, and how many bytes of JSON it was. */
export interface Read {
  readonly message: PeerMessage
  readonly bytes: number
}

/** readMessage reads the message in which the reader stands. Throws the error that stands there instead, and that of what is no message. */
export function readMessage(reader: FrameReader): Read {
  if (reader.type === frameTypes.error) throw readAnswer(reader) as RingholdError
  if (reader.type !== messageType) throw reader.bad('it is no message')
  const json = reader.rest()
  if (json.length > messageBytesMax) throw reader.bad(`a message has at most ${messageBytesMax} bytes`)
  const message = parsePeerMessage(parsed(reader, json))
  if (message === undefined) throw reader.bad('this is no gossip')
  return { message, bytes: json.length }
}

function parsed(reader: FrameReader, json: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString())
  } catch {
    throw reader.bad('it is no JSON')
  }
}

/** sendFrames gives a socket what was written; false: it has not read what came before, and tells by 'drain' when it has. */
export function sendFrames(socket: Writable, writer: FrameWriter): boolean {
  const isRead = socket.write(writer.bytes)
  // What the system has taken at once may be overwritten; what waits in the socket may not.
  if (socket.writableLength === 0) writer.clear()
  else writer.take()
  return isRead
}
