/** A contestant in a process of its own, so that no two share a heap, an event loop or optimised code. */
import { fork } from 'node:child_process'
import { once } from 'node:events'

export class ClientProcess {
  #child
  #servers

  constructor(name, child, servers) {
    this.name = name
    this.#child = child
    this.#servers = servers
  }

  static async start(name, servers) {
    const child = fork(new URL('./client.js', import.meta.url), [name, servers.ports.join(',')])
    process.on('exit', () => child.kill('SIGKILL'))
    const client = new ClientProcess(name, child, servers)
    await client.#reply()
    return client
  }

  /** run measures one scenario. Times are of the client; processor time is that of both sides. */
  async run(scenario, { warmMs, runMs }) {
    await this.#ask({ ...scenario, runMs: warmMs })
    const serverBeforeMs = this.#servers.cpuMs()
    const result = await this.#ask({ ...scenario, runMs })
    const serverMs = this.#servers.cpuMs() - serverBeforeMs
    return { ...result, serverUs: (serverMs * 1_000) / result.operations }
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  #ask(message) {
    this.#child.send(message)
    return this.#reply()
  }

  #reply() {
    return new Promise((resolve, reject) => {
      const onExit = (code) => reject(new Error(`${this.name} ended with ${code}`))
      this.#child.once('exit', onExit)
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit)
        resolve(message)
      })
    })
  }
}
