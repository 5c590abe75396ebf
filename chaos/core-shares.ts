/**
 * Whose the cores were, second by second: a fleet that was denied them has not shown what it can do. Counted from what
 * the system says of itself and of the processes that were started here; where there is no /proc, nothing is counted.
 */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'

interface CoreShare {
  /** When it was counted, in milliseconds on the monotonic clock. */
  readonly atMs: number
  /** Cores of everybody but the nodes and this process, in the time before. */
  readonly others: number
}

const everyMs = 1_000
/** Linux tells programs of times in hundredths of a second. */
const tickMs = 10
/** Fields of /proc/PID/stat after the name of the program: time in user mode is the twelfth, in the system the thirteenth. */
const userField = 11

export class CoreShares {
  readonly #shares: CoreShare[] = []
  readonly #pids: () => readonly number[]
  readonly #ticks = new Map<number, number>()
  #busyMs: number | undefined
  #atMs = performance.now()
  #timer: NodeJS.Timeout

  /** `pids` lists the processes that are the fleet's. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids
    this.#timer = setInterval(() => void this.#count(), everyMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** othersMean is how many cores others had on average; undefined: it was not counted. */
  get othersMean(): number | undefined {
    const { length } = this.#shares
    return length === 0 ? undefined : rounded(this.#shares.reduce((sum, { others }) => sum + others, 0) / length)
  }

  /** othersBetween is how many cores others had at the most; undefined: it was not counted. */
  othersBetween(fromMs: number, toMs: number): number | undefined {
    const within = this.#shares.filter(({ atMs }) => atMs > fromMs && atMs <= toMs + everyMs)
    return within.length === 0 ? undefined : Math.max(...within.map(({ others }) => others))
  }

  async #count(): Promise<void> {
    const [busyMs, ownMs] = await Promise.all([busyTime(), this.#ownTime()])
    const now = performance.now()
    const [passedMs, before] = [now - this.#atMs, this.#busyMs]
    this.#atMs = now
    this.#busyMs = busyMs
    if (busyMs === undefined || before === undefined || passedMs < everyMs / 2) return
    const all = Math.min((busyMs - before) / passedMs, availableParallelism())
    const own = Math.min(ownMs / passedMs, all)
    this.#shares.push({ atMs: now, others: rounded(all - own) })
  }

  /** What the processes of the fleet, and this one, have used since it was asked last. */
  async #ownTime(): Promise<number> {
    const spent = await Promise.all(
      [process.pid, ...this.#pids()].map(async (pid) => {
        const ticks = await ticksOf(pid)
        const before = this.#ticks.get(pid) ?? 0
        this.#ticks.set(pid, ticks ?? before)
        return ((ticks ?? before) - before) * tickMs
      }),
    )
    return spent.reduce((sum, ms) => sum + ms, 0)
  }
}

async function busyTime(): Promise<number | undefined> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => undefined)
  const [, user, nice, system, , , hard, soft] = text?.split('\n', 1)[0]?.split(/\s+/).map(Number) ?? []
  if (user === undefined) return undefined
  return (user + (nice ?? 0) + (system ?? 0) + (hard ?? 0) + (soft ?? 0)) * tickMs
}

async function ticksOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : Number(fields[userField]) + Number(fields[userField + 1])
}

function rounded(cores: number): number {
  return Math.round(cores * 100) / 100
}
