/** What HTTP forbids and parsers let through, refused before any route sees it. */
import { RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** refuseAmbiguity refuses requests that another party on the way may read as another request than we do. */
export function refuseAmbiguity(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const detail = ambiguityOf(request)
    done(detail === undefined ? undefined : new RingholdError('RINGHOLD_BAD_REQUEST', { detail }))
  })
}

/** refuseEncodedContent refuses bodies in a content coding: values are stored and returned as they are. */
export function refuseEncodedContent(app: FastifyInstance): void {
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const coding = headers['content-encoding']
    const isPlain = coding === undefined || coding.toLowerCase() === 'identity'
    done(
      isPlain ? undefined : new RingholdError('RINGHOLD_BAD_CONTENT', { detail: 'Content-Encoding is not supported' }),
    )
  })
}

function ambiguityOf({ raw }: FastifyRequest): string | undefined {
  if (raw.httpVersionMajor < 1) return 'the request has no HTTP version'
  const { expect, 'transfer-encoding': coding } = raw.headers
  // Node undoes the chunks of `gzip, chunked` and leaves the gzip for the value; what does not end in chunks it refuses.
  if (coding !== undefined && /,\s*chunked$/i.test(coding)) return 'Transfer-Encoding is more than chunked'
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return 'Expect is not 100-continue'
  let hosts = 0
  // Node keeps the first of several Host fields and drops the others without a word.
  for (let at = 0; at < raw.rawHeaders.length; at += 2) {
    const name = raw.rawHeaders[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts === 0 && raw.httpVersion === '1.1') return 'the request has no Host'
  return hosts > 1 ? 'the request has more than one Host' : undefined
}
