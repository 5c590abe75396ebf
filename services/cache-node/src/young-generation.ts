/**
 * The young generation of this process stays as small as it is when this is loaded: import it first. By itself the
 * engine lets it grow to 32 MiB (Node 20) or 128 MiB (Node 24), which the memory setting of a node has no room for.
 * Its largest size is fixed when a process starts, but what it grows by is read at every growth; and since the garbage
 * of commands is dead at once, a small one costs no time.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
