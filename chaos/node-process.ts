/** One real node: a process of its own, configured by its environment, ended by its own id and nothing else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'

const main = createRequire(import.meta.url).resolve('@ringhold/cache-node/main')
const stderrCharsMax = 65_536

/** NodePlace is where a node listens. */
export interface NodePlace {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly peerPort: number
  /** The network namespace in which it runs; undefined: that of this process. */
  readonly namespace?: string | undefined
}

export interface NodeProcessOptions {
  readonly place: NodePlace
  /** Variables of the node, and of what is loaded before it. */
  readonly env: Readonly<Record<string, string>>
  /** Modules to load before the node, by URL. */
  readonly preload?: readonly string[]
}

export class NodeProcess {
  readonly place: NodePlace
  readonly url: string
  readonly peerUrl: string
  readonly child: ChildProcess
  /** Resolves when the process has ended, with its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | undefined>
  #stderr = ''
  #isEnded = false
  #isAskedToEnd = false

  constructor({ place, env, preload = [] }: NodeProcessOptions) {
    const { name, host, port, peerPort, namespace } = place
    this.place = place
    this.url = `http://${host}:${port}`
    this.peerUrl = `http://${host}:${peerPort}`
    const words = [process.execPath, ...preload.flatMap((url) => ['--import', url]), main]
    const [command, ...args] = namespace === undefined ? words : ['ip', 'netns', 'exec', namespace, ...words]
    this.child = spawn(command as string, args, {
      env: {
        ...{ PATH: process.env.PATH, RINGHOLD_LOG_LEVEL: 'warn', RINGHOLD_NAME: name, RINGHOLD_HOST: host },
        ...{ RINGHOLD_PORT: `${port}`, RINGHOLD_PEER_PORT: `${peerPort}`, ...env },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const output of [this.child.stdout, this.child.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#stderr = (this.#stderr + text).slice(-stderrCharsMax)
      })
    }
    this.ended = new Promise((resolve) => {
      const end = (result: number | NodeJS.Signals | undefined) => {
        this.#isEnded = true
        resolve(result)
      }
      this.child.once('exit', (code, signal) => end(code ?? signal ?? undefined))
      this.child.once('error', () => end(undefined))
    })
  }

  get name(): string {
    return this.place.name
  }

  get isRunning(): boolean {
    return !this.#isEnded
  }

  /** endedByItself tells whether it is gone and nobody asked it to go. */
  get endedByItself(): boolean {
    return this.#isEnded && !this.#isAskedToEnd
  }

  /** output is what it wrote last. */
  get output(): string {
    return this.#stderr
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.child.kill(signal)
  }

  /** end sends a signal and resolves when the process is gone. */
  end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | NodeJS.Signals | undefined> {
    this.#isAskedToEnd ||= this.isRunning
    this.signal(signal)
    return this.ended
  }
}
