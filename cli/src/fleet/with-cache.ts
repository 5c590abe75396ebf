/** withCache gives a command one cache of the fleet through the SDK, and closes the client behind it. */
import type { Cache } from '@ringhold/sdk'
import type { Context } from '../context.ts'

export async function withCache<T>(context: Context, name: string, use: (cache: Cache) => Promise<T>): Promise<T> {
  // Loaded here: the HTTP client takes longer to load than the commands that do without it take in all.
  const { Ringhold } = await import('@ringhold/sdk')
  const timeoutMs = context.requestTimeoutMs
  const client = await Ringhold.connect({ nodes: context.seeds, timeoutMs, connectTimeoutMs: timeoutMs })
  try {
    return await use(client.cache(name))
  } finally {
    await client.close()
  }
}
