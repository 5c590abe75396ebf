/**
 * A wall clock that is wrong, for one node: loaded before it, this shifts Date by CHAOS_CLOCK_MS, and at each SIGWINCH
 * by the next of CHAOS_CLOCK_JUMPS_MS, the last of which stays. The monotonic clock goes right, as it does on such machines.
 */
const jumps = (process.env.CHAOS_CLOCK_JUMPS_MS ?? '').split(',').filter(Boolean).map(Number)
let shiftMs = Number(process.env.CHAOS_CLOCK_MS ?? 0)

process.on('SIGWINCH', () => {
  shiftMs = jumps.shift() ?? shiftMs
})

const Right = Date
globalThis.Date = class ShiftedDate extends Right {
  constructor(...fields) {
    if (fields.length === 0) super(Right.now() + shiftMs)
    else super(...fields)
  }

  static now() {
    return Right.now() + shiftMs
  }
}
