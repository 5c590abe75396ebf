/** Replaces a piece of the compiled text of one module as it is loaded. It must be there exactly once. */
import type { LoadHook } from 'node:module'

export interface Plant {
  /** End of the path of the module. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

let plant: Plant

export function initialize(data: Plant): void {
  plant = data
}

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context)
  if (!url.endsWith(plant.file)) return loaded
  const [before, after, ...more] = String(loaded.source).split(plant.find)
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${plant.file} does not have this exactly once any more: ${plant.find}`)
  }
  return { ...loaded, source: before + plant.replace + after }
}
