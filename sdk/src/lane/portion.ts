/**
 * A portion is how much of what waits for one node leaves before the turn of the event loop is over.
 *
 * Were all of a turn to leave at its end, a node to which most of the calls go would do nothing while the client takes its
 * answers and sends the next commands, and the client nothing while the node executes them: with one node and 64 or 1,024
 * calls under way both were idle for half of the time. So what is under way is cut into some portions, of which the one is
 * executed while the next is put together:
 *
 *      client   │ 1 │ 2 │ 3 │ 4 │ 1 │ 2 │ …
 *      node         │ 1 │ 2 │ 3 │ 4 │ 1 │ …
 *
 * Each is large enough not to be felt in what a write, a wake-up and a read cost. Where calls are spread over many nodes, a
 * turn has hardly a portion for each, and the nodes are one another's other portions.
 */

/** Into how many portions the calls of a client that are under way are cut. */
const portions = 4
/** Fewer commands are not worth a write of their own. A portion is a multiple of it, so that few commands have to ask for its size. */
export const portionMin = 32
/** More are never waited for. */
export const portionMax = 256

/** portionOf is how many commands one has, of a client that has so many calls under way: a multiple of portionMin. */
export function portionOf(underWay: number): number {
  return Math.min(portionMax, Math.max(portionMin, Math.round(underWay / portions / portionMin) * portionMin))
}
