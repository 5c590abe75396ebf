/**
 * A part of the benchmark that looks at its whole process runs in one of its own, as a node's process is set up:
 * neither the memory nor the pauses of what ran before count.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nextMessage } from './next-message.ts'
import type { Parts } from './part.ts'

/** alone runs a part with its options. */
export async function alone<Name extends keyof Parts>(
  name: Name,
  options: Parameters<Parts[Name]>[0],
): Promise<Awaited<ReturnType<Parts[Name]>>> {
  const path = fileURLToPath(new URL('./part.js', import.meta.url))
  const child = fork(path, [name, JSON.stringify(options)], { execArgv: ['--expose-gc'] })
  try {
    return (await nextMessage(child)) as Awaited<ReturnType<Parts[Name]>>
  } finally {
    child.kill()
  }
}
