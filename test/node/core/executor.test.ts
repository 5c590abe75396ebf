import { test } from 'tap'
import { HitFrame } from '#node/stream/hit-frame.js'
import { FrameWriter } from '#sdk/protocol/index.js'
import { restApp } from '../http/rest-app.ts'

const key = Buffer.from('k')
const get = { type: 'get', cache: 'default', key } as const
const set = (ttlMs: number) =>
  ({ type: 'set', cache: 'default', key, value: key, contentType: 'text/plain', ttlMs }) as const

/** A node on a virtual clock, and whether a get that was heard at a time hits. */
function node(t: Parameters<typeof restApp>[0]) {
  const rest = restApp(t)
  const sink = new HitFrame(new FrameWriter())
  sink.valueBytesMax = 1
  const hits = (heardAt?: number) => rest.execute(get, 'plain', sink, heardAt as number) === undefined
  return { rest, sink, hits }
}

test('a get is answered as of when it was heard, also when the process was stopped after that', async (t) => {
  const { rest, hits } = node(t)
  rest.execute(set(100), 'plain')
  rest.now = 200
  t.ok(hits(50))
  t.notOk(hits(), 'as of now there is nothing left')
})

test('what changes something is executed as of now, whenever it was heard', async (t) => {
  const { rest, sink, hits } = node(t)
  rest.now = 200
  rest.execute(set(100), 'plain', sink, 50)
  rest.now = 299
  t.ok(hits())
  rest.now = 300
  t.notOk(hits())
})

test('time never goes back, whenever a get was heard', async (t) => {
  const { rest, sink, hits } = node(t)
  rest.execute(set(100), 'plain')
  rest.now = 200
  rest.execute({ ...set(100), key: Buffer.from('another') }, 'plain', sink, 50)
  t.notOk(hits(50))
})
