/**
 * The JavaScript engine of this process stays small: import this first. The memory setting of a node has no room for a
 * large one, and nothing in its heap grows with the number of entries.
 *
 * The young generation keeps the size that it has when this is loaded. By itself the engine lets it grow to 32 MiB (Node 20) or
 * 128 MiB (Node 24). Its largest size is fixed when a process starts, but what it grows by is read at every growth; and
 * since the garbage of commands is dead at once, a small one costs no time.
 *
 * The old generation is collected when it has grown by a quarter, or 8 MiB: by itself, when it is up to four times as large.
 * That was a matter of chance as long as large buffers were garbage, too, and had it collected time and again.
 *
 * The compiler between the first and the last (Node 24 has one) is left out: its code and what it compiles in took 10 MiB,
 * and code that is hot gets to the last one all the same.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=25')
setFlagsFromString('--no-maglev')
