/** A stream without a node behind it: what is written is kept, and a test says what comes back. */
import { Duplex } from 'node:stream'
import type { Attempt } from '#sdk/lane/attempt.js'
import { Stream } from '#sdk/lane/stream.js'
import { defaultLimits, FrameReader, frameOverheadBytesMax } from '#sdk/protocol/index.js'

export interface QuietOptions {
  readonly underWay?: () => number
  /** Takes what says that a write was taken, or not. Default: it is at once. */
  readonly whenTaken?: (done: (error?: Error) => void) => void
}

/** A stream to a node that answers as it is told. */
export function quietStream({ underWay, whenTaken = (done) => done() }: QuietOptions) {
  const chunks: Buffer[] = []
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      // A greeting is taken at once: what is looked at comes after it.
      const isGreeting = chunks.length === 0
      chunks.push(Buffer.from(chunk))
      if (isGreeting) done()
      else whenTaken(done)
    },
  })
  let gone = 0
  let listener: (chunk: Uint8Array) => void = () => {}
  const opened = {
    socket,
    head: new Uint8Array(0),
    listen: (listen: typeof listener) => {
      listener = listen
    },
  }
  const stream = new Stream(opened, {
    url: 'http://n',
    limits: defaultLimits,
    underWay,
    onRing: () => {},
    onGone: () => {
      gone++
    },
  })
  return {
    stream,
    socket,
    /** Has the stream read something. */
    receive: (chunk: Uint8Array) => listener(chunk),
    gone: () => gone,
    /** How many bytes were written. */
    written: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    /** How many frames each write had, but for the greeting. */
    writes: () => chunks.slice(1).map(framesOf),
  }
}

function framesOf(chunk: Uint8Array): number {
  const reader = new FrameReader({
    frameBytesMax: defaultLimits.valueBytesMax + frameOverheadBytesMax,
    fault: 'RINGHOLD_BAD_REPLY',
  })
  reader.feed(chunk)
  let frames = 0
  while (reader.next()) frames++
  return frames
}

/** An attempt of a get, which nobody answers. */
export function attemptOf(key: string): Attempt {
  return {
    command: { type: 'get', cache: 'c', key },
    isDirect: true,
    id: 0,
    isCancelled: false,
    carrier: undefined,
    succeed: () => {
      throw new Error('nobody answered')
    },
    fail: () => {},
  }
}
