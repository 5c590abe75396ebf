/**
 * The first collection of a node, which is made to happen when all its code is loaded. Loading leaves 6 to 9 MiB of garbage among
 * what stays for good; and until it has collected once, the engine takes the heap that it measures growth by to be
 * much larger than it is.
 *
 * It throws away code that was compiled, too, so it comes before the rehearsal. It takes 30 ms of the processor.
 */

/** collectOnce resolves when garbage was collected; at once where Node was built without what it takes. */
export async function collectOnce(): Promise<void> {
  if (!process.features.inspector) return
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.collectGarbage')
  session.disconnect()
}
