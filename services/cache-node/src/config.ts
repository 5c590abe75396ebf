/** The configuration of a node: environment variables with the prefix RINGHOLD_, checked by one schema. */
import { hostname, totalmem } from 'node:os'
import { RingholdError } from '@ringhold/sdk/protocol'
import { maxWeight } from '@ringhold/sdk/ring'
import { Ajv } from 'ajv'
import type { FromSchema } from 'json-schema-to-ts'
import { optionsOf } from './schema.ts'
import { bytesMaxMin } from './store/byte-store.ts'

const port = { type: 'integer', minimum: 0, maximum: 65_535 } as const
const namePattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'

/** variables says of each variable what it means and what it is when it is not set. */
export const variables = optionsOf({
  RINGHOLD_NAME: {
    type: 'string',
    pattern: namePattern,
    description: 'Name of the node, unique in the fleet: letters, digits, . _ - (default: the host name)',
  },
  RINGHOLD_FLEET: {
    type: 'string',
    pattern: namePattern,
    default: 'ringhold',
    description: 'Name of the fleet. Nodes of another fleet are refused',
  },
  RINGHOLD_HOST: { type: 'string', default: '127.0.0.1', description: 'Address to listen on' },
  RINGHOLD_PORT: { ...port, default: 7001, description: 'Port for clients; 0: any free one' },
  RINGHOLD_PEER_PORT: {
    ...port,
    default: 7101,
    description: 'Port for the other nodes; 0: any free one',
  },
  RINGHOLD_URL: { type: 'string', description: 'URL at which clients reach the node (default: http://HOST:PORT)' },
  RINGHOLD_PEER_URL: {
    type: 'string',
    description: 'URL at which the other nodes reach the node (default: http://HOST:PEER_PORT)',
  },
  RINGHOLD_SEEDS: {
    type: 'string',
    default: '',
    description: 'Peer addresses of nodes of the fleet, host:port or URLs, comma-separated. Empty: a new fleet',
  },
  RINGHOLD_COPIES: {
    type: 'integer',
    minimum: 1,
    maximum: 16,
    default: 2,
    description: 'Owners of each token; the same on all nodes',
  },
  RINGHOLD_MEMORY: {
    type: 'string',
    pattern: '^[1-9][0-9]{0,14}(KiB|MiB|GiB)?$',
    default: '256MiB',
    description: 'Memory for entries and their index, in bytes or KiB, MiB, GiB; at least 16MiB',
  },
  RINGHOLD_ZONE: {
    type: 'string',
    maxLength: 64,
    default: '',
    description: 'Zone; the owners of a token prefer different ones',
  },
  RINGHOLD_WEIGHT: {
    type: 'integer',
    minimum: 1,
    maximum: maxWeight,
    default: 1,
    description: `Share of the tokens, 1 to ${maxWeight}: a node of weight 3 counts as three`,
  },
  RINGHOLD_LOG_LEVEL: {
    enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    description: 'trace, debug, info, warn, error, fatal or silent',
  },
  RINGHOLD_JOIN_TIMEOUT_MS: {
    type: 'integer',
    minimum: 100,
    maximum: 600_000,
    default: 15_000,
    description: 'How long to look for the seeds before giving up',
  },
  RINGHOLD_LEAVE_TIMEOUT_MS: {
    type: 'integer',
    minimum: 0,
    maximum: 600_000,
    default: 10_000,
    description: 'How long others may take to copy what a leaving node holds',
  },
})

/** Variables of other programs of the project; a node that finds them in its environment leaves them alone. */
const variablesOfOthers = new Set(['RINGHOLD_NODES', 'RINGHOLD_STATE_DIR'])

/**
 * Makes numbers of what are to be numbers, and adds the defaults. The schema is not checked against the schema of schemas,
 * which would take longer to compile than all the rest.
 */
const isConfig = new Ajv({ coerceTypes: true, useDefaults: true, meta: false, validateSchema: false }).compile<
  FromSchema<typeof variables>
>(variables)

/** NodeConfig is the configuration of a node in the units of the code. */
export interface NodeConfig {
  readonly name: string
  readonly fleet: string
  readonly host: string
  readonly port: number
  readonly peerPort: number
  /** Advertised URL for clients; undefined: from host and port. */
  readonly url: string | undefined
  /** Advertised URL for peers; undefined: from host and peer port. */
  readonly peerUrl: string | undefined
  /** Peer URLs. */
  readonly seeds: readonly string[]
  readonly copies: number
  readonly memoryBytesMax: number
  readonly zone: string
  readonly weight: number
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  readonly joinTimeoutMs: number
  readonly leaveTimeoutMs: number
}

/** configOf reads the configuration from an environment. Throws RINGHOLD_BAD_CONFIG, naming the first variable that is wrong. */
export function configOf(environment: NodeJS.ProcessEnv): NodeConfig {
  const values = checked(ownVariables(environment))
  return {
    name: values.RINGHOLD_NAME ?? nameOfHost(hostname()),
    fleet: values.RINGHOLD_FLEET,
    host: values.RINGHOLD_HOST,
    port: values.RINGHOLD_PORT,
    peerPort: values.RINGHOLD_PEER_PORT,
    url: baseUrl('RINGHOLD_URL', values.RINGHOLD_URL),
    peerUrl: baseUrl('RINGHOLD_PEER_URL', values.RINGHOLD_PEER_URL),
    seeds: seedsOf(values.RINGHOLD_SEEDS),
    copies: values.RINGHOLD_COPIES,
    memoryBytesMax: memoryOf(values.RINGHOLD_MEMORY),
    zone: values.RINGHOLD_ZONE,
    weight: values.RINGHOLD_WEIGHT,
    logLevel: values.RINGHOLD_LOG_LEVEL,
    joinTimeoutMs: values.RINGHOLD_JOIN_TIMEOUT_MS,
    leaveTimeoutMs: values.RINGHOLD_LEAVE_TIMEOUT_MS,
  }
}

/** nameOfHost makes a host name fit to be the name of a node. */
export function nameOfHost(host: string): string {
  const fit = host.replace(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return fit.slice(0, 64) || 'node'
}

/** Empty ones count as not set: compose files and shells pass them on like that. */
function ownVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('RINGHOLD_') || variablesOfOthers.has(name)) continue
    if (!Object.hasOwn(variables.properties, name)) throw badConfig(`${name} is not a variable of the node`)
    if (value) own[name] = value
  }
  return own
}

function checked(values: Record<string, string>): FromSchema<typeof variables> {
  const typed: unknown = { ...values }
  if (isConfig(typed)) return typed
  const { instancePath = '', message } = isConfig.errors?.[0] ?? {}
  const name = instancePath.slice(1)
  const { description = '' } = variables.properties[name as keyof typeof variables.properties] as {
    description?: string
  }
  throw badConfig(`${name}=${values[name]} ${message} (${description})`)
}

function seedsOf(text: string): string[] {
  const addresses = text.split(',').map((address) => address.trim())
  return addresses
    .filter((address) => address !== '')
    .map((address) => baseUrl('RINGHOLD_SEEDS', address.includes('://') ? address : `http://${address}`) as string)
}

function baseUrl(variable: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isBase = url?.protocol === 'http:' && url.pathname === '/' && url.search === '' && url.hash === ''
  if (isBase && url.username === '' && url.password === '') return url.origin
  throw badConfig(`${variable}: ${text} is not an address like http://host:port`)
}

function memoryOf(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)(\D*)$/.exec(text) ?? []
  const bytes = Number(count) * ({ '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[unit] as number)
  if (bytes < bytesMaxMin) throw badConfig(`RINGHOLD_MEMORY=${text} is too little to work with: give it 16MiB or more`)
  const present = machineBytes()
  if (bytes <= present) return bytes
  const mebibytes = Math.floor(present / 2 ** 20)
  throw badConfig(`RINGHOLD_MEMORY=${text} is more than the ${mebibytes}MiB of memory that there are`)
}

/** What the machine has, or what the container may use of it. */
function machineBytes(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(totalmem(), allowed) : totalmem()
}

function badConfig(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_CONFIG', { detail })
}
