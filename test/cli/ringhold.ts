/** Runs commands, and fleets of real processes, each with ports and a state folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { isFree } from '#cli/local-fleet/port-check.js'
import { isAlive } from '#cli/local-fleet/state-folder.js'
import { run } from '#cli/program.js'
import { until } from './until.ts'

const bin = fileURLToPath(new URL('../../../cli/bin/ringhold.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
}

/** ringhold runs one command to its end, as users do: as a process. */
export async function ringhold(words: readonly string[], { env = {}, input = '' }: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [bin, ...words], { env: { ...process.env, ...env } })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stderr += chunk
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...texts }
}

/** called runs one command within the process of the test: the same command line and the same text, in a tenth of the time. */
export async function called(words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = Promise.all([text(stdout), text(stderr)])
  const code = await run(words, { stdout, stderr }, { ...process.env, ...env })
  stdout.end()
  stderr.end()
  const [out, err] = await texts
  return { code, stdout: out, stderr: err }
}

/** stateFolder makes an empty state folder that goes with the test. */
export function stateFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ringhold-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Below the ports that systems hand out for connections, so that only other tests can be in the way. */
const portMin = 20_000
const portSpan = 10_000
const portsPerFleet = 40

/** freePorts finds room for a fleet: clients from `port` on, peers from `peerPort` on. */
export async function freePorts(): Promise<{ port: number; peerPort: number }> {
  for (;;) {
    const port = portMin + portsPerFleet * Math.floor((Math.random() * portSpan) / portsPerFleet)
    const ports = Array.from({ length: portsPerFleet }, (_, at) => port + at)
    const free = await Promise.all(ports.map(isFree))
    if (free.every(Boolean)) return { port, peerPort: port + portsPerFleet / 2 }
  }
}

export interface NodeUnderTest {
  readonly name: string
  readonly url: string
  readonly peerUrl: string
  readonly pid?: number
  readonly phase: string
}

type Event = { readonly event: string } & Record<string, unknown>

/** FleetUnderTest is a `ringhold up` that has said it is ready. */
export class FleetUnderTest {
  readonly folder: string
  readonly up: ChildProcess
  readonly events: Event[] = []
  /** What it printed on stderr. */
  stderr = ''

  constructor(folder: string, words: readonly string[]) {
    this.folder = folder
    this.up = spawn(process.execPath, [bin, 'up', '--json', ...words], {
      env: { ...process.env, RINGHOLD_STATE_DIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: this.up.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.events.push(JSON.parse(line) as Event),
    )
    this.up.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk
    })
  }

  get isRunning(): boolean {
    return this.up.exitCode === null && this.up.signalCode === null
  }

  /** The nodes as the supervisor has them now. */
  get nodes(): NodeUnderTest[] {
    const record = JSON.parse(readFileSync(join(this.folder, 'fleet.json'), 'utf8')) as { nodes: NodeUnderTest[] }
    return record.nodes
  }

  /** Of the node processes that run now. */
  get pids(): number[] {
    return this.nodes.flatMap(({ pid }) => pid ?? [])
  }

  node(name: string): NodeUnderTest {
    const node = this.nodes.find((candidate) => candidate.name === name)
    if (!node) throw new Error(`there is no node ${name}`)
    return node
  }

  /** call runs a command within the process of the test. */
  call(words: readonly string[]): Promise<Ran> {
    return called(words, { RINGHOLD_STATE_DIR: this.folder })
  }

  /** run runs a command as a process. */
  run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return ringhold(words, { ...options, env: { RINGHOLD_STATE_DIR: this.folder, ...options.env } })
  }

  /** json calls a command with --json and returns its document; its exit code must be one of those expected. */
  async json<T>(words: readonly string[], codes: readonly number[] = [0]): Promise<T> {
    return documentOf<T>(words, codes, await this.call([...words, '--json']))
  }

  /** runJson does the same as a process. */
  async runJson<T>(words: readonly string[], codes: readonly number[] = [0]): Promise<T> {
    return documentOf<T>(words, codes, await this.run([...words, '--json']))
  }

  until(event: string): Promise<void> {
    return until(`the event ${event} (stderr: ${this.stderr})`, () => this.has(event))
  }

  has(event: string): boolean {
    return this.events.some((candidate) => candidate.event === event)
  }

  /** end stops the fleet, whatever state it is in, and leaves no process behind. */
  async end(): Promise<void> {
    let pids: number[] = []
    try {
      pids = this.pids
    } catch {
      // It ended already and took its record with it.
    }
    if (this.isRunning) {
      this.up.kill('SIGTERM')
      await Promise.race([once(this.up, 'exit'), until('the end of up', () => !this.isRunning).catch(() => 0)])
      this.up.kill('SIGKILL')
    }
    for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL')
  }
}

function documentOf<T>(words: readonly string[], codes: readonly number[], ran: Ran): T {
  if (codes.includes(ran.code ?? -1)) return JSON.parse(ran.stdout) as T
  throw new Error(`ringhold ${words.join(' ')} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`)
}

/** startFleet starts a local fleet and returns when it is ready. The test ends it. */
export async function startFleet(t: Test, words: readonly string[] = []): Promise<FleetUnderTest> {
  const { port, peerPort } = await freePorts()
  const fleet = new FleetUnderTest(stateFolder(t), ['--port', `${port}`, '--peer-port', `${peerPort}`, ...words])
  t.teardown(() => fleet.end())
  await until('a fleet that is ready', () => fleet.has('ready') || !fleet.isRunning)
  if (!fleet.has('ready')) throw new Error(`the fleet did not start: ${fleet.stderr}`)
  return fleet
}
