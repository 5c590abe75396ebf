/**
 * The process of some connections: opens its share of streams, and on each command of its parent has every one of them store
 * and read a value of its own. It answers with how many got the right one, and how long the last of them took.
 */
import { connect } from 'node:net'
import {
  defaultLimits,
  FrameReader,
  FrameWriter,
  frameTypes,
  isAnswer,
  readAnswer,
  upgradeProtocol,
  writeCommand,
  writeHello,
} from '@ringhold/sdk/protocol'

const [, , port, share, first] = process.argv.map(Number)
/** So many connect at a time, that the listener's queue of new connections is not what is measured. */
const connectingMax = 100
const upgrade = `GET /v1/stream HTTP/1.1\r\nhost: n1\r\nconnection: Upgrade\r\nupgrade: ${upgradeProtocol}\r\n\r\n`

class Client {
  isClosed = false
  #socket
  #name
  #round = 0
  #head = ''
  #reader = new FrameReader({ frameBytesMax: 1e6, fault: 'RINGHOLD_BAD_REPLY' })
  #settle = () => {}

  constructor(name) {
    this.#name = name
  }

  open() {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.isClosed = true
      this.#settle(false)
    })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    const writer = new FrameWriter(256)
    writeHello(writer, { limits: defaultLimits, name: '', ring: '' })
    this.#socket.write(Buffer.concat([Buffer.from(upgrade), writer.take()]))
    return this.#settled()
  }

  /** ask stores a value and reads it again; false when it was not the one. */
  ask() {
    this.#round++
    const key = `connection:${this.#name}`
    const writer = new FrameWriter(256)
    const value = Buffer.from(this.#value())
    writeCommand(
      writer,
      { type: 'set', cache: 'default', key, value, contentType: 'text/plain' },
      { id: 1, isDirect: true },
    )
    writeCommand(writer, { type: 'get', cache: 'default', key }, { id: 2, isDirect: true })
    this.#socket.write(writer.take())
    return this.#settled()
  }

  close() {
    this.#socket.destroy()
  }

  #value() {
    return `${this.#name} in round ${this.#round}`
  }

  #settled() {
    if (this.isClosed) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  #receive(chunk) {
    let bytes = chunk
    if (!this.#head.endsWith('\r\n\r\n')) {
      const end = chunk.indexOf('\r\n\r\n')
      this.#head += chunk.subarray(0, end < 0 ? chunk.length : end + 4).toString('latin1')
      if (end < 0) return
      bytes = chunk.subarray(end + 4)
    }
    this.#reader.feed(bytes)
    while (this.#reader.next()) {
      if (this.#reader.type === frameTypes.hello) this.#settle(this.#head.startsWith('HTTP/1.1 101'))
      else if (isAnswer(this.#reader.type)) this.#take(this.#reader.id, readAnswer(this.#reader))
    }
  }

  #take(id, answer) {
    if (id === 2) this.#settle(answer.type === 'hit' && Buffer.from(answer.value).toString() === this.#value())
  }
}

const clients = Array.from({ length: share }, (_, index) => new Client(first + index))
let right = 0
for (let at = 0; at < share; at += connectingMax) {
  const opened = await Promise.all(clients.slice(at, at + connectingMax).map((client) => client.open()))
  right += opened.filter(Boolean).length
}
process.send({ right })
process.on('disconnect', () => process.exit())
process.on('message', async (message) => {
  if (message === 'close') {
    for (const client of clients) client.close()
    process.disconnect()
    return
  }
  const begunMs = performance.now()
  const answers = await Promise.all(clients.map((client) => client.ask()))
  process.send({ right: answers.filter(Boolean).length, tookMs: performance.now() - begunMs })
})
