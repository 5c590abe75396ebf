/**
 * Inlining: how much of what a function calls the engine's last compiler makes part of its code.
 *
 * A command goes through some forty short functions, each of which has its one idea. By itself the compiler takes in 920
 * bytes of byte code for one piece of code, which is used up half-way: what is behind it stays calls, and what their results
 * are is not known where they are used. With three times as much a get takes a node a sixth less processor time, a set a fifth
 * (`npm run bench:commands`, Node 20 and 24); more than that changes little. The compiler takes more memory while it works: 10 MiB of a
 * node with copies, where four times as much took 17 (`npm run bench:memory`).
 */
import { setFlagsFromString } from 'node:v8'

const byteCodeMax = 2_760

/** inlineMore counts for what is compiled from now on. While a node starts it would take a twelfth more processor time: call it afterwards. */
export function inlineMore(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${byteCodeMax}`)
}
