/** A Map behind frames: what Node itself costs, see bare-stream.js. Started with a port. */
import { createServer } from 'node:net'
import { eachFrame, frames, writeHead } from './bare-stream.js'

const [, , port] = process.argv
const entries = new Map()

createServer({ noDelay: true }, (socket) => {
  let out = Buffer.allocUnsafe(2 ** 20)
  const take = eachFrame((bytes, { id, type, keyBytes, at, end }, length) => {
    const key = bytes.latin1Slice(at, at + keyBytes)
    if (type === frames.set) {
      entries.set(key, Buffer.from(bytes.subarray(at + keyBytes, end)))
      return writeHead(out, length, { id, type: frames.done, keyBytes: 0, valueBytes: 0 })
    }
    const value = entries.get(key)
    if (value === undefined) return writeHead(out, length, { id, type: frames.miss, keyBytes: 0, valueBytes: 0 })
    const valueAt = writeHead(out, length, { id, type: frames.hit, keyBytes: 0, valueBytes: value.length })
    value.copy(out, valueAt)
    return valueAt + value.length
  })
  socket.on('data', (chunk) => {
    const length = take(chunk)
    if (length > out.length - 2 ** 19) throw new Error('more than a bare server is made for')
    if (length > 0) socket.write(out.subarray(0, length))
    if (socket.writableLength > 0) out = Buffer.allocUnsafe(2 ** 20)
  })
  socket.on('error', () => {})
}).listen(Number(port), '127.0.0.1')
