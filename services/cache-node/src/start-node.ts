import { RingholdError } from '@ringhold/sdk/protocol'
import { pino } from 'pino'
import { configOf, type NodeConfig } from './config.ts'
import type { MembershipSettings } from './membership/settings.ts'
import { CacheNode } from './node.ts'

export interface StartNodeOptions {
  /** Called when the node cannot stay a member of its fleet. Default: it is only logged. */
  readonly onFatal?: (error: RingholdError) => void
  readonly membershipSettings?: Partial<MembershipSettings>
}

/** newNode makes a node that is not started yet; what `config` leaves out has its default. It logs to stdout. */
export function newNode(config: Partial<NodeConfig>, options: StartNodeOptions = {}): CacheNode {
  const whole = { ...configOf({}), ...config }
  const logger = pino({ level: whole.logLevel, base: { node: whole.name } })
  const logFatal = (error: RingholdError): void => logger.fatal({ code: error.code }, error.message)
  return new CacheNode({ onFatal: logFatal, ...options, config: whole, logger })
}

/** startNode starts a node in this process and resolves when it is a member of its fleet; see CacheNode.start for errors. */
export async function startNode(config: Partial<NodeConfig>, options: StartNodeOptions = {}): Promise<CacheNode> {
  const node = newNode(config, options)
  try {
    await node.start()
    return node
  } catch (error) {
    await node.cut()
    throw error
  }
}

/** oneLine says an error in one line: its code, what is wrong, what to do. */
export function oneLine(error: unknown): string {
  const text =
    error instanceof RingholdError
      ? `${error.code}: ${error.message}`
      : `RINGHOLD_INTERNAL: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  return `ringhold: ${text.replace(/\s*\n\s*/g, ' ')}`
}
