/** What is measured: reads and writes 80 to 20 over 10,000 keys, and reads of a hundred keys at a time. */
export const keyCount = 10_000

/** @typedef {{ name: string, inFlight: number, valueBytes: number, keysPerCall: number }} Scenario */

/** @type {readonly Scenario[]} */
export const scenarios = [
  { name: '1 in flight', inFlight: 1, valueBytes: 100, keysPerCall: 1 },
  { name: '64 in flight', inFlight: 64, valueBytes: 100, keysPerCall: 1 },
  { name: '1,024 in flight', inFlight: 1_024, valueBytes: 100, keysPerCall: 1 },
  { name: '1 KiB, 64 in flight', inFlight: 64, valueBytes: 1_024, keysPerCall: 1 },
  { name: '1 KiB, 1,024 in flight', inFlight: 1_024, valueBytes: 1_024, keysPerCall: 1 },
  { name: '100 keys, 64 in flight', inFlight: 64, valueBytes: 100, keysPerCall: 100 },
]
