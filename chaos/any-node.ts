/** Reads keys as `curl` would: by plain HTTP, each through another node, which forwards where it has to. */
import { Agent, get } from 'node:http'

export interface Round {
  readonly hits: number
  readonly misses: number
  readonly failures: number
}

const atOnce = 32

/** readThroughAnyNode reads every key once; key i goes to node i + `turn`. */
export async function readThroughAnyNode(
  urls: readonly string[],
  keys: readonly string[],
  turn: number,
): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const round = { hits: 0, misses: 0, failures: 0 }
  let next = 0
  const work = async () => {
    while (next < keys.length) {
      const at = next++
      const url = urls[(at + turn) % urls.length] as string
      const status = await statusOf(`${url}/v1/caches/default/keys/${encodeURIComponent(keys[at] as string)}`, agent)
      if (status === 200) round.hits++
      else if (status === 404) round.misses++
      else round.failures++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  agent.destroy()
  return round
}

function statusOf(url: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: 5_000 }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}
