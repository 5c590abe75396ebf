/** Every error as application/problem+json from the one table, whoever raised it: our code, Fastify or Node's parser. */
import { etagOf, headerNames, problemOf, RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'

const problemType = 'application/problem+json'

/** sendProblem answers a request with an error. */
export function sendProblem(reply: FastifyReply, error: RingholdError, node: string): FastifyReply {
  const { ring, version, retryAfterMs } = error.facts
  reply.code(error.status).header('content-type', problemType).header('cache-control', 'no-store')
  if (ring !== undefined) reply.header(headerNames.ring, ring)
  if (version !== undefined) reply.header('etag', etagOf(version))
  if (retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  // As bytes: Fastify would add a charset, which this media type does not have.
  return reply.send(Buffer.from(JSON.stringify(problemOf(error, node))))
}

/** answerProblems makes an instance answer all errors of its routes with problems; what is our own fault is logged. */
export function answerProblems(app: FastifyInstance, node: string): void {
  app.setErrorHandler<Error>((raised, request, reply) => {
    const error = codedError(raised, request.url)
    if (error.code === 'RINGHOLD_INTERNAL') request.log.error({ err: raised }, 'a request failed')
    return sendProblem(reply, error, node)
  })
}

/** codedError gives any error its code: errors of ours as they are, client errors of Fastify by what they mean. */
export function codedError(raised: Error, url: string): RingholdError {
  if (raised instanceof RingholdError) return raised
  const { code, statusCode = 500, message, validation } = raised as Partial<FastifyError> & Error
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new RingholdError('RINGHOLD_VALUE_TOO_LARGE')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new RingholdError('RINGHOLD_BAD_CONTENT', { detail: 'Content-Type is no media type' })
    case 'FST_ERR_BAD_URL':
      return hasKey(url)
        ? new RingholdError('RINGHOLD_BAD_KEY', { detail: 'the key is not percent-encoded UTF-8' })
        : new RingholdError('RINGHOLD_BAD_REQUEST', { detail: 'the path is not percent-encoded UTF-8' })
  }
  if (validation !== undefined || statusCode < 500)
    return new RingholdError('RINGHOLD_BAD_REQUEST', { detail: message })
  return new RingholdError('RINGHOLD_INTERNAL', { cause: raised })
}

/** rawProblem is a whole reply for a connection whose request never became one: too large a head, or no HTTP at all. */
export function rawProblem(error: RingholdError, node: string): string {
  const body = JSON.stringify(problemOf(error, node))
  const head = `HTTP/1.1 ${error.status} Bad Request\r\ncontent-type: ${problemType}\r\nconnection: close\r\n`
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function hasKey(url: string): boolean {
  return url.startsWith('/v1/caches/') || url.startsWith('/v1/explain/')
}
