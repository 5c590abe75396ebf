/**
 * The key of a request, byte for byte, out of the request line itself. Routers and URL parsers decode, normalise and
 * resolve paths in ways that keys like `..`, `%2F` or `a%2525b` do not survive.
 */
import { RingholdError } from '@ringhold/sdk/protocol'

/** rawKeyOf decodes the last segment of the path of a request line. Throws RINGHOLD_BAD_KEY where it is no UTF-8. */
export function rawKeyOf(requestTarget: string): string {
  const queryAt = requestTarget.indexOf('?')
  const pathEnd = queryAt < 0 ? requestTarget.length : queryAt
  const segment = requestTarget.slice(requestTarget.lastIndexOf('/', pathEnd - 1) + 1, pathEnd)
  if (segment.includes('#'))
    throw new RingholdError('RINGHOLD_BAD_KEY', { detail: 'the key has a # that is not encoded' })
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new RingholdError('RINGHOLD_BAD_KEY', { detail: 'the key is not percent-encoded UTF-8', cause })
  }
}
