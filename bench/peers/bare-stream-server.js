/** A Map behind frames: what Node itself costs, see bare-stream.js. Started with a port. */
import { createServer } from 'node:net'
import { BareAnswers } from './bare-stream.js'

const [, , port] = process.argv
const entries = new Map()

createServer({ noDelay: true }, (socket) => {
  const answers = new BareAnswers(entries)
  socket.on('data', (chunk) => {
    const length = answers.take(chunk)
    if (length > answers.out.length / 2) throw new Error('more than a bare server is made for')
    if (length > 0) socket.write(answers.out.subarray(0, length))
    if (socket.writableLength > 0) answers.takeNew()
  })
  socket.on('error', () => {})
}).listen(Number(port), '127.0.0.1')
