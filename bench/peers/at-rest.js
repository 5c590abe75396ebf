/** What servers take while nobody asks them anything: the share of a core of one of them. */
import { setTimeout as pause } from 'node:timers/promises'

/** atRest resolves to one share for each kind of servers, measured side by side; call it when they have been under load. */
export async function atRest(servers, { settleMs, runMs }) {
  // Engines collect and compile for a while after a load.
  await pause(settleMs)
  const kinds = [...servers]
  const before = kinds.map(([, each]) => each.cpuMs())
  const begun = performance.now()
  await pause(runMs)
  const tookMs = performance.now() - begun
  return kinds.map(([kind, each], index) => ({
    kind,
    share: (each.cpuMs() - before[index]) / tookMs / each.children.length,
  }))
}

/** atRestTableOf is the result as text. */
export function atRestTableOf(shares) {
  const texts = shares.map(({ kind, share }) => `${kind} ${(100 * share).toFixed(2)} %`)
  return texts.length === 0 ? '' : `at rest, of a core for each server: ${texts.join(', ')}\n`
}
