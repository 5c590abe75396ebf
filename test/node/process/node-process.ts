/** Real node processes, configured by nothing but environment variables. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import type { Test } from 'tap'
import { patienceMs } from '#chaos/wait-until.js'

const mainPath = createRequire(import.meta.url).resolve('@ringhold/cache-node/main')

export interface NodeProcess {
  readonly child: ChildProcess
  /** Resolves with the exit code when the process has ended; fails when the test's patience ends. */
  ended(): Promise<number | null>
  stdout(): string
  stderr(): string
  /** Resolves with the advertised URLs once the node is a member; fails when the test's patience ends, and when it ends before. */
  ready(): Promise<{ client: string; peer: string }>
}

/** spawnNode starts a node on free ports, unless `variables` say otherwise, and kills it when the test ends. */
export function spawnNode(t: Test, variables: Record<string, string>, args: readonly string[] = []): NodeProcess {
  const free = { RINGHOLD_PORT: '0', RINGHOLD_PEER_PORT: '0' }
  const env = { PATH: process.env.PATH, ...free, ...variables }
  const child = spawn(process.execPath, [mainPath, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    text.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.stderr += chunk
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ready = async () => {
    for (;;) {
      const line = text.stdout.split('\n').find((each) => each.includes('"msg":"ready"'))
      if (line !== undefined) return JSON.parse(line).urls
      if (child.exitCode !== null) throw new Error(`the node ended before it was ready: ${text.stderr}`)
      await new Promise((resolve) => child.stdout.once('data', resolve).once('close', resolve))
    }
  }
  return {
    child,
    ended: () => within(patienceMs, exit, () => `the node still runs: ${text.stdout} ${text.stderr}`),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ready: () => within(patienceMs, ready(), () => `the node is not ready: ${text.stdout} ${text.stderr}`),
  }
}

/** takenPort opens a port that accepts connections and never says a word. */
export async function takenPort(t: Test): Promise<number> {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as { port: number }).port
}

function within<T>(ms: number, promise: Promise<T>, complaint: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(complaint())), ms)
    timer.unref()
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
