/** A crew of processes that share the seeds of a job, one for each core. */
import { type ChildProcess, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Job, Line } from './worker.ts'

/** Every process has a core to itself, and a plan makes young garbage in plenty. */
const memory = ['--single-threaded-gc', '--max-semi-space-size=64']

export interface CrewOptions extends Job {
  readonly onLine: (line: Line) => void
  /** How many processes. Default: as many as there are cores. */
  readonly processes?: number
  /** What node gets before the worker. */
  readonly execArguments?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Ends the job early, as if all seeds had been run. */
  readonly signal?: AbortSignal
}

/**
 * runCrew resolves when all seeds have been run, when the signal came, or, in a race, when one has failed. Rejects when a
 * worker fails by itself.
 */
export async function runCrew(options: CrewOptions): Promise<void> {
  const { seeds, onLine, processes = availableParallelism(), isRace, signal } = options
  const children: ChildProcess[] = []
  const stop = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  let isDecided = false
  const abort = () => {
    isDecided = true
    stop()
  }
  signal?.addEventListener('abort', abort)
  const shares = Array.from({ length: processes }, (_, share) =>
    seeds.filter((_, index) => index % processes === share),
  )
  try {
    await Promise.all(
      shares.map((share) =>
        work({ ...options, seeds: share }, children, (line) => {
          if (isDecided) return
          onLine(line)
          isDecided = isRace && line.failure !== undefined
          if (isDecided) stop()
        }).catch((error) => {
          if (!isDecided) throw error
        }),
      ),
    )
  } finally {
    signal?.removeEventListener('abort', abort)
    stop()
  }
}

async function work(options: CrewOptions, children: ChildProcess[], onLine: (line: Line) => void): Promise<void> {
  const { seeds, times, isRace, execArguments = [], environment } = options
  if (seeds.length === 0) return
  const worker = fileURLToPath(new URL('worker.js', import.meta.url))
  const job = JSON.stringify({ seeds, times, isRace } satisfies Job)
  const child = spawn(process.execPath, [...memory, ...execArguments, worker, job], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  children.push(child)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4_000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => onLine(JSON.parse(line) as Line))
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}: ${complaint}`)),
    )
  })
}
