/** Figures as people read them. The same on every machine: no locale is asked. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** countText puts commas between thousands. */
export function countText(count: number): string {
  return count.toLocaleString('en-US')
}

/** bytesText rounds to three digits in units of 1,024. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit]}`
}

/** percentText of a ratio: 1.034 is 103.4 %. */
export function percentText(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`
}

/** secondsText of a duration in milliseconds: 1234 is 1.23 s. */
export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

/** plural writes a count with its noun: 1 node, 2 nodes. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : many}`
}
