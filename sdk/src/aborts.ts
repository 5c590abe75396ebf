/**
 * One listener for each AbortSignal, however many calls share it. The signal of a whole request or process is shared by
 * hundreds, and Node warns of a leak from the eleventh listener on.
 */
const audiences = new WeakMap<AbortSignal, Audience>()

class Audience extends Set<() => void> {
  handleEvent(): void {
    for (const hear of [...this]) hear()
  }
}

/** onAbort has `hear` called when the signal is aborted, but not for the past. */
export function onAbort(signal: AbortSignal, hear: () => void): void {
  const present = audiences.get(signal)
  if (present) {
    present.add(hear)
    return
  }
  const audience = new Audience([hear])
  audiences.set(signal, audience)
  signal.addEventListener('abort', audience)
}

/** offAbort ends that. With the last of those who hear the listener goes. */
export function offAbort(signal: AbortSignal, hear: () => void): void {
  const audience = audiences.get(signal)
  if (!audience?.delete(hear) || audience.size > 0) return
  audiences.delete(signal)
  signal.removeEventListener('abort', audience)
}
