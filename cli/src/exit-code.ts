/**
 * Exit codes: what scripts may rely on. `--help` lists them from here.
 */
import { type ErrorCode, isErrorCode } from '@ringhold/sdk/protocol'

export const exitCodes = {
  ok: 0,
  /** The command failed. */
  failure: 1,
  /** The command line or an environment variable is wrong; nothing was done. */
  usage: 2,
  /** The key is not in the cache. */
  keyNotFound: 3,
  /** The fleet is not whole: a member is dead or unreachable, or not all nodes agree. */
  degraded: 4,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const usageCodes: readonly ErrorCode[] = [
  'RINGHOLD_BAD_OPTION',
  'RINGHOLD_BAD_KEY',
  'RINGHOLD_BAD_CACHE',
  'RINGHOLD_BAD_TTL',
  'RINGHOLD_BAD_CONTENT',
  'RINGHOLD_NODE_UNKNOWN',
]

/** exitCodeOf maps an error to the exit code of the process. */
export function exitCodeOf(error: unknown): ExitCode {
  const code = errorCodeOf(error)
  if (code === undefined) return exitCodes.failure
  if (code === 'RINGHOLD_KEY_NOT_FOUND') return exitCodes.keyNotFound
  return usageCodes.includes(code) ? exitCodes.usage : exitCodes.failure
}

/** errorCodeOf returns the code of a coded error, undefined for any other. */
export function errorCodeOf(error: unknown): ErrorCode | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return isErrorCode(code) ? code : undefined
}
