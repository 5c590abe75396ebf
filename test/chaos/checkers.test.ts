import { test } from 'tap'
import type { Operation } from '#chaos/operation.js'
import { perSecond } from '#chaos/per-second.js'
import { checkRegisters, countOffences, type Offence } from '#chaos/register-checker.js'
import { checkSet } from '#chaos/set-checker.js'

type Row = [
  kind: Operation['kind'],
  beganMs: number,
  endedMs: number,
  value?: string | undefined,
  version?: number | undefined,
]

function operation([kind, beganMs, endedMs, value, version]: Row, more: Partial<Operation> = {}): Operation {
  const base = { kind, key: 'k', dueMs: beganMs, beganMs, endedMs, value, version, copies: 2, code: undefined }
  return { ...base, result: 'done', ...more }
}

const histories: readonly (readonly [why: string, rows: readonly Row[], offences: readonly Offence[]])[] = [
  [
    'a read sees the last write',
    [
      ['set', 0, 1, 'a', 1],
      ['get', 2, 3, 'a', 1],
    ],
    [],
  ],
  [
    'a read during a write may see either',
    [
      ['set', 0, 1, 'a', 1],
      ['set', 2, 5, 'b', 2],
      ['get', 3, 4, 'a', 1],
      ['get', 3, 4, 'b', 2],
    ],
    [],
  ],
  [
    'a read after a write must not see the one before',
    [
      ['set', 0, 1, 'a', 1],
      ['set', 2, 3, 'b', 2],
      ['get', 4, 5, 'a', 1],
    ],
    ['stale'],
  ],
  [
    'a read must not see less than an earlier read',
    [
      ['set', 0, 1, 'a', 1],
      ['set', 2, 9, 'b', 2],
      ['get', 3, 4, 'b', 2],
      ['get', 5, 6, 'a', 1],
    ],
    ['stale'],
  ],
  [
    'a miss before any write is one',
    [
      ['get', 0, 1],
      ['set', 2, 3, 'a', 1],
    ],
    [],
  ],
  [
    'a miss after a write is false',
    [
      ['set', 0, 1, 'a', 1],
      ['get', 2, 3],
    ],
    ['false-miss'],
  ],
  [
    'a later write must get the higher version',
    [
      ['set', 0, 1, 'a', 5],
      ['set', 2, 3, 'b', 4],
    ],
    ['overtaken'],
  ],
  [
    'writes at the same time may be ordered either way',
    [
      ['set', 0, 3, 'a', 5],
      ['set', 1, 2, 'b', 4],
    ],
    [],
  ],
  [
    'a value that nobody wrote is wrong',
    [
      ['set', 0, 1, 'a', 1],
      ['get', 2, 3, 'x', 2],
    ],
    ['wrong'],
  ],
  [
    'one version has one value',
    [
      ['set', 0, 1, 'a', 1],
      ['set', 0, 1, 'b', 2],
      ['get', 2, 3, 'a', 2],
    ],
    ['wrong'],
  ],
]

test('the register checker tells what one register can have done from what it cannot', async (t) => {
  for (const [why, rows, offences] of histories) {
    const violations = checkRegisters(rows.map((row) => operation(row)))
    t.same(
      violations.map(({ offence }) => offence),
      offences,
      why,
    )
  }
  const unsure = operation(['set', 0, 1, 'a'], { result: 'unknown' })
  t.same(
    checkRegisters([unsure, operation(['get', 2, 3, 'a', 7]), operation(['get', 4, 5, 'a', 7])]),
    [],
    'an unsure write may be there',
  )
})

test('the set checker finds what is lost, resurrected and made up', async (t) => {
  const read = (value?: string, version?: number) => [operation(['get', 90, 91, value, version])]
  const set = operation(['set', 0, 1, 'a', 1])
  const later = operation(['set', 2, 3, 'b', 2])
  const deleted = operation(['delete', 4, 5])
  const clean = { lost: [], resurrected: [], phantoms: [], unread: [] }
  t.same(checkSet([set], read('a', 1)), clean)
  t.same(checkSet([set], read()), { ...clean, lost: ['k'] })
  t.same(checkSet([set, later], read('a', 1)), { ...clean, lost: ['k'] })
  t.same(checkSet([set, deleted], read()), clean)
  t.same(checkSet([set, deleted], read('a', 1)), { ...clean, resurrected: ['k'] })
  t.same(
    checkSet([set, { ...deleted, result: 'unknown' }], read('a', 1)),
    clean,
    'an unsure delete may have done nothing',
  )
  t.same(checkSet([set], read('x', 9)), { ...clean, phantoms: ['k'] })
  t.same(checkSet([set], [operation(['get', 90, 91], { result: 'unknown' })]), { ...clean, unread: ['k'] })
})

test('seconds are counted by when operations were due, and waiting counts', async (t) => {
  const stale = operation(['get', 1_500, 1_510, 'a', 1])
  const late = operation(['get', 1_200, 1_900, 'a', 1], { dueMs: 100 })
  const failed = operation(['set', 10, 20, 'b'], { result: 'failed' })
  const operations = [operation(['set', 0, 1, 'a', 1]), failed, late, stale, operation(['get', 1_100, 1_101])]
  const seconds = perSecond(operations, [{ offence: 'stale', operation: stale, floor: 2 }], (fromMs) => fromMs / 1_000)
  t.match(seconds, [
    { second: 0, success: 2, miss: 0, wrong: 0, failed: 1, p99Ms: 1_800, othersCores: 0 },
    { second: 1, success: 0, miss: 1, wrong: 1, failed: 0, othersCores: 1 },
  ])
  t.same(countOffences([]), { wrong: 0, stale: 0, 'false-miss': 0, overtaken: 0 })
})
