import { test } from 'tap'
import type { HitSink } from '#node/core/hit-sink.js'
import { SmallNet } from './small-net.ts'

class Sink implements HitSink {
  target = new Uint8Array(0)
  at = 0
  length = 0
  contentType = ''
  version = 0
  expiresAt: number | undefined = undefined
  now = 0
  isPutOff = true

  onFound(): void {
    this.target = new Uint8Array(this.isPutOff ? 0 : this.length)
  }
}

test('a hit that was put off for want of room counts once, when it is executed again', async (t) => {
  const net = new SmallNet(['a'])
  net.tell(net.all)
  const a = net.node('a')
  a.set('k', 'value')
  const sink = new Sink()
  const nobody = { succeed: () => {}, fail: () => {} }
  const get = () =>
    a.copies.execute({ type: 'get', cache: 'default', key: Buffer.from('k') }, 'plain', a.moment, nobody, sink)
  get()
  get()
  t.equal(a.counters.hits, 0)
  sink.isPutOff = false
  t.equal(get(), 'hit-in-sink')
  t.equal(Buffer.from(sink.target).toString(), 'value')
  t.equal(a.counters.hits, 1)
})
