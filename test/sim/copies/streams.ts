/** One stream of random numbers for each purpose, all from one seed: removing a fault leaves what the others draw alone. */
import { seededRandom } from '../random.ts'

export type Random = () => number

export type Range = readonly [min: number, max: number]

/** streamOf returns the stream of that name: the same one for the same seed and name. */
export function streamOf(seed: number, name: string): Random {
  let mixed = Math.imul(seed + 1, 0x9e3779b1)
  for (let at = 0; at < name.length; at++) {
    mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x01000193)
    mixed ^= mixed >>> 13
  }
  return seededRandom(mixed)
}

export function between(random: Random, [min, max]: Range): number {
  return min + random() * (max - min)
}

export function wholeBetween(random: Random, [min, max]: Range): number {
  return Math.floor(between(random, [min, max + 1]))
}

export function oneOf<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T
}
