/** Where commands find the fleet: what the user says first, then the local fleet, then the default address. */
import { RingholdError } from '@ringhold/sdk/protocol'
import { StateFolder } from '../local-fleet/state-folder.ts'

/** defaultSeed is the first node of a local fleet with default ports. */
export const defaultSeed = 'http://127.0.0.1:7001'

/** seedsMax bounds how many addresses are asked at once. */
const seedsMax = 100

/** findSeeds returns client URLs: `--seeds`, else RINGHOLD_NODES, else the nodes of the local fleet, else the default. */
export function findSeeds(option: string | undefined, env: NodeJS.ProcessEnv): string[] {
  if (option !== undefined) return parseSeeds(option, '--seeds')
  if (env.RINGHOLD_NODES) return parseSeeds(env.RINGHOLD_NODES, 'RINGHOLD_NODES')
  const nodes = new StateFolder(env).read()?.nodes ?? []
  // Nodes that run come first: the others are asked only because one may have been started meanwhile.
  const sorted = [...nodes].sort((a, b) => Number(b.phase === 'running') - Number(a.phase === 'running'))
  return sorted.length > 0 ? sorted.map(({ url }) => url) : [defaultSeed]
}

/** parseSeeds reads a comma-separated list of URLs; `host:port` alone means http. Throws RINGHOLD_BAD_OPTION. */
export function parseSeeds(text: string, source: string): string[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length === 0) throw badSeeds(`${source} names no node`)
  if (parts.length > seedsMax) throw badSeeds(`${source} names more than ${seedsMax} nodes`)
  return parts.map((part) => {
    const text = part.includes('://') ? part : `http://${part}`
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (!url || !/^https?:$/.test(url.protocol))
      throw badSeeds(`${source} has ${JSON.stringify(part)}, which is no URL`)
    return url.origin
  })
}

function badSeeds(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_OPTION', {
    detail: `${detail}; it takes URLs like ${defaultSeed}, with commas`,
  })
}
