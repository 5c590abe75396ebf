import { test } from 'tap'
import { type Answers, decide, type Origin } from '#node/core/decide.js'

test('who executes a command follows from who answers, who coordinates and who asks', async (t) => {
  const table: [answers: Answers, coordinator: string | undefined, origin: Origin, expected: object][] = [
    ['yes', 'me', 'plain', { type: 'local' }],
    ['yes', 'me', 'direct', { type: 'local' }],
    ['yes', 'me', 'forwarded', { type: 'local' }],
    ['yes', 'you', 'plain', { type: 'forward', to: 'you' }],
    ['yes', 'you', 'direct', { type: 'refuse', code: 'RINGHOLD_WRONG_OWNER', owner: 'you' }],
    ['yes', 'you', 'forwarded', { type: 'refuse', code: 'RINGHOLD_WRONG_OWNER', owner: 'you' }],
    ['yes', undefined, 'plain', { type: 'refuse', code: 'RINGHOLD_NOT_READY' }],
    ['joining', 'me', 'plain', { type: 'refuse', code: 'RINGHOLD_NOT_READY' }],
    ['joining', 'you', 'plain', { type: 'refuse', code: 'RINGHOLD_NOT_READY' }],
    ['fenced', 'me', 'direct', { type: 'refuse', code: 'RINGHOLD_NOT_READY' }],
    ['fenced', 'you', 'forwarded', { type: 'refuse', code: 'RINGHOLD_NOT_READY' }],
  ]
  for (const [answers, coordinator, origin, expected] of table) {
    t.match(decide({ self: 'me', answers, coordinator, origin }), expected, `${answers} ${coordinator} ${origin}`)
  }
})
