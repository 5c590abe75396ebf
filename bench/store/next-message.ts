import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** nextMessage waits for what a process sends next; it throws when the process ends instead. */
export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const exit = once(child, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`a process of the benchmark exited with ${code}`)
  })
  exit.catch(() => {})
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: over.signal }), exit])
    return message
  } finally {
    over.abort()
  }
}
