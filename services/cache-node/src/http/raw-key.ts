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

/** Plain keys up to this length go where every one of them goes. */
const plainKeyCharsMax = 64
const plainKeys = new Uint8Array(plainKeyCharsMax)
const plainKeyOfLength = Array.from({ length: plainKeyCharsMax + 1 }, (_, length) => plainKeys.subarray(0, length))
/** What stands in a request line for itself, or for something else than a byte of a key. */
const isPlainChar = Uint8Array.from({ length: 256 }, (_, code) =>
  Number(code < 128 && !'%/?#'.includes(String.fromCharCode(code))),
)

/**
 * plainKeyOf is the key that a request line ends with where it is short and written as itself: most are. Undefined for all
 * others. Its bytes are good until the next call.
 */
export function plainKeyOf(requestTarget: string, keyAt: number): Uint8Array | undefined {
  const length = requestTarget.length - keyAt
  if (length === 0 || length > plainKeyCharsMax) return undefined
  for (let index = 0; index < length; index++) {
    const code = requestTarget.charCodeAt(keyAt + index)
    if (isPlainChar[code] !== 1) return undefined
    plainKeys[index] = code
  }
  return plainKeyOfLength[length]
}
