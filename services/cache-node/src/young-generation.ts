/**
 * The JavaScript engine of this process stays small: import this first. The memory setting of a node has no room for a
 * large one, and nothing in its heap grows with the number of entries.
 *
 * The young generation keeps the size that it has when this is loaded, until letGrow allows it more. By itself the engine lets
 * it grow to 32 MiB (Node 20) or 128 MiB (Node 24). Its largest size is fixed when a process starts, but what it grows by
 * is read at every growth. Frames leave little garbage, so that a small one costs them no time; requests by HTTP leave 10 KiB
 * each, and every collection costs the same, so that a plain GET takes 3 % less of the processor with 4 MiB than with 1.
 * While Node 24 marks the old generation, which takes it milliseconds, it puts off collecting the young one and lets it take more.
 *
 * The old generation is collected when it has grown by a quarter, or 8 MiB: by itself, when it is up to four times as large.
 * That was a matter of chance as long as large buffers were garbage, too, and had it collected time and again.
 *
 * The compiler between the first and the last (Node 24 has one) is left out: its code and what it compiles in took 10 MiB,
 * and code that is hot gets to the last one all the same.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** The young generation has two halves, of which one is in use. It may take this share of what a node may hold. */
const halfPerMemory = 1 / 64
/** Above that there was no difference any more. */
const halfBytesMax = 8 * 1_048_576
/** The engine makes the halves small again in a full collection, when there was little garbage before it. */
const lookMs = 1_000
/** Who uses less of a core has no use for large ones: made anew time and again, they cost an idle node a fifteenth of its work. */
const busyShare = 0.1
/** What it grows by is what outlives a collection, and as much as a half holds of that: enough pieces for several times that. */
const pieces = 32_768
const numbersPerPiece = 64
const piecesPerLook = 64

growBy(1)
setFlagsFromString('--heap-growing-percent=25')
setFlagsFromString('--no-maglev')

/**
 * letGrow gives the young generation what a node that may hold `memoryBytesMax` can spare: halves of 1 MiB, which it has from
 * the start, at 64MiB, and of 4 MiB at 256MiB. For the life of the process, which that does not keep alive.
 */
export function letGrow(memoryBytesMax: number): void {
  const wanted = Math.min(halfBytesMax, memoryBytesMax * halfPerMemory)
  growTo(wanted)
  let before = process.cpuUsage()
  const look = () => {
    const { user, system } = process.cpuUsage(before)
    before = process.cpuUsage()
    if (user + system > busyShare * lookMs * 1_000) growTo(wanted)
  }
  setInterval(look, lookMs).unref()
}

/**
 * growTo makes it grow within this call, so that nothing else makes it grow further: some milliseconds. It looks again
 * after each change: the first one may be that the engine takes memory for the second half, before any collection.
 */
function growTo(wanted: number): void {
  let half = halfBytes()
  const kept: number[][] = []
  growBy(factorFrom(half, wanted))
  for (let piece = 0; piece < pieces && factorFrom(half, wanted) > 1; piece++) {
    kept.push(new Array(numbersPerPiece).fill(piece))
    if (piece % piecesPerLook > 0 || halfBytes() === half) continue
    half = halfBytes()
    growBy(factorFrom(half, wanted))
  }
  growBy(1)
}

function factorFrom(half: number, wanted: number): number {
  return Math.max(1, Math.floor(wanted / half))
}

/** growBy sets how many times as large a half becomes when as much outlived collections as it holds. */
function growBy(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`)
}

function halfBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  return (space?.space_size ?? Number.POSITIVE_INFINITY) / 2
}
