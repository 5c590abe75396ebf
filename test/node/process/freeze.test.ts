import { keyPath, ringOf, type Topology } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import { until } from '../fleet/in-process-fleet.ts'
import { send } from '../http/wire.ts'
import { spawnNode } from './node-process.ts'

const topology = async (url: string): Promise<Topology> =>
  JSON.parse((await send(url, { path: '/v1/topology' })).body.toString())
const statusOf = async (url: string, name: string): Promise<string | undefined> =>
  (await topology(url)).members.find((member) => member.name === name)?.status

test('a frozen node that wakes after it was declared dead never answers with what it held', async (t) => {
  const first = await spawnNode(t, { RINGHOLD_NAME: 'a' }).ready()
  const frozen = spawnNode(t, { RINGHOLD_NAME: 'b', RINGHOLD_SEEDS: first.peer })
  const { client } = await frozen.ready()
  const third = await spawnNode(t, { RINGHOLD_NAME: 'c', RINGHOLD_SEEDS: first.peer }).ready()
  await until(async () => {
    const views = await Promise.all([first.client, client, third.client].map(topology))
    return views.every(({ ring, members }) => ring === views[0]?.ring && members.length === 3)
  }, 'the three agree')
  const ring = ringOf(await topology(first.client))
  const keys = Array.from({ length: 200 }, (_, at) => `k${at}`).filter(
    (key) => ring.coordinator(ring.token(key)) === 'b',
  )
  const put = (key: string, body: string) => send(first.client, { method: 'PUT', path: keyPath('default', key), body })
  for (const key of keys) t.equal((await put(key, 'old')).status, 201)

  frozen.child.kill('SIGSTOP')
  await until(async () => (await statusOf(first.client, 'b')) === 'dead', 'the frozen node is dead to a')
  for (const key of keys) {
    await until(async () => (await put(key, 'new')).status < 300, 'a survivor takes the write')
  }
  // Asked before it runs again, so that its first turn of the event loop finds requests waiting.
  const asked = keys.slice(0, 20).map((key) => send(client, { path: keyPath('default', key) }))
  frozen.child.kill('SIGCONT')
  const replies = await Promise.all(asked)
  t.ok(replies.every(({ body }) => body.toString() !== 'old'))
  await until(async () => (await statusOf(first.client, 'b')) === 'alive', 'it is back')
  for (const key of keys) {
    for (const url of [first.client, client, third.client]) {
      t.not((await send(url, { path: keyPath('default', key) })).body.toString(), 'old')
    }
  }
})
