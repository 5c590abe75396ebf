/** Settings of a script: environment variables, given to k6 as `-e NAME=value`. */

/** nodes are the client URLs of the fleet: NODES, separated by commas. Any one is enough to learn the rest. */
export const nodes: readonly string[] = text('NODES', 'http://127.0.0.1:7001')
  .split(',')
  .map((url) => url.trim().replace(/\/+$/, ''))

/** text reads a setting; empty counts as not set. */
export function text(name: string, byDefault: string): string {
  return __ENV[name] || byDefault
}

/** wholeNumber reads a setting that is a whole number of at least 1. */
export function wholeNumber(name: string, byDefault: number): number {
  const value = Number(text(name, String(byDefault)))
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number of at least 1`)
  return value
}

/** oneOf reads a setting that is one of some words, the first by default. */
export function oneOf<const Word extends string>(name: string, words: readonly [Word, ...Word[]]): Word {
  const value = text(name, words[0])
  const word = words.find((candidate) => candidate === value)
  if (word === undefined) throw new Error(`${name} must be one of ${words.join(', ')}`)
  return word
}
