/** Reads keys as `curl` would: by plain HTTP, each through another node, which forwards where it has to. */
import { Agent, get } from 'node:http'

export interface Round {
  readonly hits: number
  readonly misses: number
  readonly failures: number
  /** How often each kind of failure: the code of the error, or what became of the connection. */
  readonly codes: Readonly<Record<string, number>>
}

const atOnce = 32
const timeoutMs = 5_000

/** readThroughAnyNode reads every key once; key i goes to node i + `turn`. */
export async function readThroughAnyNode(
  urls: readonly string[],
  keys: readonly string[],
  turn: number,
): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const round = { hits: 0, misses: 0, failures: 0, codes: {} as Record<string, number> }
  let next = 0
  const work = async () => {
    while (next < keys.length) {
      const at = next++
      const url = urls[(at + turn) % urls.length] as string
      const { status, why = '' } = await answerOf(
        `${url}/v1/caches/default/keys/${encodeURIComponent(keys[at] as string)}`,
        agent,
      )
      if (status === 200) round.hits++
      else if (status === 404) round.misses++
      else {
        round.failures++
        round.codes[why] = (round.codes[why] ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  agent.destroy()
  return round
}

interface Answer {
  readonly status?: number | undefined
  /** Why it is neither a hit nor a miss. */
  readonly why?: string
}

function answerOf(url: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: timeoutMs }, (response) => {
      const { statusCode: status } = response
      let text = ''
      response.on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve(status === 200 || status === 404 ? { status } : { status, why: text }))
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    request.on('error', ({ message }) => resolve({ why: message }))
  })
}
