import { execFileSync } from 'node:child_process'
import { test } from 'tap'

const path = new URL(import.meta.resolve('#node/young-generation.js')).href
/**
 * Keeps enough alive from collection to collection for the young generation to grow as far as it may; prints its largest
 * size after a collection. Between two, Node 24 lets it take more for as long as it marks the old one.
 */
const filling = `
  import { getHeapSpaceStatistics } from 'node:v8'
  let kept = []
  let most = 0
  for (let turn = 0; turn < 5e6; turn++) {
    kept.push({ turn })
    if (kept.length > 2e5) kept = kept.slice(1e5)
    if (turn % 1e5 > 0) continue
    gc({ type: 'minor' })
    most = Math.max(most, getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size)
  }
  console.log(most)
`
const mebibyte = 2 ** 20

function mostBytes(args: readonly string[], before = ''): number {
  const code = `${before}${filling}`
  return Number(
    execFileSync(process.execPath, ['--expose-gc', ...args, '--input-type=module', '--eval', code], { env: {} }),
  )
}

test('the young generation of a node stays small without any flag at the start', async (t) => {
  t.ok(mostBytes([]) > 16 * mebibyte, 'by itself it would not')
  t.ok(mostBytes(['--import', path]) <= 8 * mebibyte)
})

test('it grows to what the node can spare of its memory, at once and no further', async (t) => {
  const allowing = (memory: number): string =>
    `import { letGrow } from ${JSON.stringify(path)}\nletGrow(${memory * mebibyte})\n`
  t.ok(mostBytes([], allowing(64)) <= 8 * mebibyte, '64MiB can spare nothing')
  const most = mostBytes([], allowing(256))
  t.ok(most >= 8 * mebibyte && most < 16 * mebibyte, `${most} bytes of 256MiB`)
})

/** Lets it grow, has the engine make it small again, and looks as a node that rests and as one that works: prints its size each time. */
const restingAndWorking = (memory: number): string => `
  import { getHeapSpaceStatistics } from 'node:v8'
  import { letGrow } from ${JSON.stringify(path)}
  import { collectOnce } from ${JSON.stringify(new URL('first-collection.js', path).href)}
  const print = () => console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size)
  let look
  globalThis.setInterval = (run) => ({ unref: () => (look = run) })
  const lookHavingUsed = (user) => {
    process.cpuUsage = () => ({ user, system: 0 })
    look()
    print()
  }
  letGrow(${memory * mebibyte})
  print()
  await collectOnce()
  print()
  lookHavingUsed(50_000)
  lookHavingUsed(500_000)
`

test('what the engine made small again grows again at work, and not at rest', async (t) => {
  const args = ['--input-type=module', '--eval', restingAndWorking(256)]
  const printed = execFileSync(process.execPath, args, { env: {} }).toString().trim().split('\n').map(Number)
  const isLarge = printed.map((bytes) => bytes >= 8 * mebibyte)
  t.strictSame(isLarge, [true, false, false, true], `${printed}`)
})

/** Has 300,000 things that are old replaced over and over; prints how many bytes of them were dead at most. */
const churning = `
  import { getHeapSpaceStatistics } from 'node:v8'
  const oldBytes = () => getHeapSpaceStatistics().find((space) => space.space_name === 'old_space').space_used_size
  const kept = Array.from({ length: 300_000 }, (_, turn) => ({ turn }))
  for (let time = 0; time < 3; time++) gc()
  const before = oldBytes()
  let most = 0
  for (let turn = 0; turn < 5e6; turn++) {
    kept[(turn * 7_919) % kept.length] = { turn }
    if (turn % 1e4 === 0) most = Math.max(most, oldBytes() - before)
  }
  console.log(most)
`

function mostDeadBytes(args: readonly string[]): number {
  const flags = ['--expose-gc', ...args, '--input-type=module', '--eval', churning]
  return Number(execFileSync(process.execPath, flags, { env: {} }))
}

test('the old generation of a node is collected before as much again is dead', async (t) => {
  t.ok(mostDeadBytes(['--heap-growing-percent=200']) > 24 * mebibyte, 'not where it may be three times as large before')
  t.ok(mostDeadBytes(['--import', path]) <= 16 * mebibyte)
})
