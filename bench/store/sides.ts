/** Side by side: contestants of one size, each in its process, take turns at the same operation. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ContestantName } from './contestants.ts'
import type { Order } from './fill.ts'
import { nextMessage } from './next-message.ts'

const rounds = 9
const heapMegabytes = 10_000

export interface Side {
  readonly name: ContestantName
  readonly bytesPerEntry: number
  readonly getNs: number
  /** A get among others that came in the same read. */
  readonly batchNs: number
  readonly setNs: number
  readonly collectionMs: number
}

/** sideBySide fills the contestants with `entries` entries each and lets them take turns. Figures are medians. */
export async function sideBySide(names: readonly ContestantName[], entries: number): Promise<Side[]> {
  const path = fileURLToPath(new URL('./fill.js', import.meta.url))
  const execArgv = ['--expose-gc', `--max-old-space-size=${heapMegabytes}`]
  const children = names.map((name) => fork(path, [name, String(entries)], { execArgv }))
  try {
    const bytes: number[] = []
    // One at a time: filling is where memory is short.
    for (const child of children) bytes.push(await ask(child, 'fill'))
    const idle = await turns(children, 'idle')
    const get = await turns(children, 'get')
    const batch = await turns(children, 'batch')
    const set = await turns(children, 'set')
    const collect = await turns(children, 'collect', 3)
    return names.map((name, index) => ({
      name,
      bytesPerEntry: bytes[index] as number,
      getNs: (get[index] as number) - (idle[index] as number),
      batchNs: (batch[index] as number) - (idle[index] as number),
      setNs: (set[index] as number) - (idle[index] as number),
      collectionMs: collect[index] as number,
    }))
  } finally {
    for (const child of children) child.kill()
  }
}

async function turns(children: readonly ChildProcess[], order: Order, count = rounds): Promise<number[]> {
  const figures: number[][] = children.map(() => [])
  for (let round = 0; round < count; round++) {
    for (const [index, child] of children.entries()) figures[index]?.push(await ask(child, order))
  }
  return figures.map((list) => list.sort((a, b) => a - b)[count >>> 1] as number)
}

async function ask(child: ChildProcess, order: Order): Promise<number> {
  child.send(order)
  return (await nextMessage(child)) as number
}
