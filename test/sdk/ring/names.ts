/** Ways in which people name their nodes. The ring has a constant that was chosen with ways like these in mind (scores.ts). */
export const usualSchemes: readonly ((index: number) => string)[] = [
  (index) => `node-${index}`,
  (index) => `node-${index - 1}`,
  (index) => `node${index}`,
  (index) => `node-${String(index).padStart(3, '0')}`,
  (index) => `n${index}`,
  (index) => String(index),
  (index) => `cache-${index}`,
  (index) => `ringhold-${index - 1}`,
  (index) => `ringhold-${index - 1}.ringhold.default.svc.cluster.local`,
  (index) => `10.0.0.${index}:7001`,
  (index) => `10.0.${index % 7}.${(index * 37) % 251}`,
  (index) => `127.0.0.1:${7000 + index}`,
  (index) => `http://127.0.0.1:${8080 + index}`,
  (index) => `ip-172-31-${index >> 3}-${(index * 53) % 249}`,
  (index) => `host${String(index).padStart(2, '0')}.example.com`,
  (index) => `eu-west-1${'abc'[index % 3]}-cache-${index}`,
  (index) => `${String.fromCharCode(97 + (index % 26))}${index >> 4}`,
  (index) => `Server_${index}`,
  (index) => `узел-${index}`,
  (index) => `緩存🧊${index}`,
]

/** Random names, which had no part in any choice: what they show is what to expect of names that nobody has tried. */
export const randomSchemes: readonly ((index: number) => string)[] = Array.from(
  { length: 40 },
  (_, salt) => (index: number) => containerId(index * 7_919 + salt),
)

/** Balance and movement depend on the names alone, so they are judged over all of these. */
export const nameSchemes = [...usualSchemes, ...randomSchemes]

/** namesBy gives the first names of a scheme. */
export function namesBy(scheme: (index: number) => string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => scheme(index + 1))
}

/** Twelve hexadecimal digits, as container engines name their containers. */
function containerId(seed: number): string {
  const random = numbersFrom(seed)
  return Array.from({ length: 12 }, () => Math.floor(random() * 16).toString(16)).join('')
}

/** numbersFrom returns a generator of evenly spread numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
