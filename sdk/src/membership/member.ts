/**
 * What membership knows about a node, and the order of what can be said about it.
 *
 *      joining → alive → suspect → dead          Only the node itself raises its incarnation, to refute what others
 *                  └───→ leaving → left          say of it; within an incarnation a status only moves to the right.
 */

/** statuses in the order in which they win over each other within one incarnation. */
export const statuses = ['joining', 'alive', 'suspect', 'leaving', 'dead', 'left'] as const

export type Status = (typeof statuses)[number]

/** Member is one record of a view. */
export interface Member {
  /** Stable and unique in the fleet. */
  readonly name: string
  readonly urls: {
    /** For clients, e.g. http://127.0.0.1:7001. No trailing slash. */
    readonly client: string
    /** For peers, e.g. http://127.0.0.1:7101. No trailing slash. */
    readonly peer: string
  }
  /** Raised by the node alone: at every start and to refute. A whole number of at least 1. */
  readonly incarnation: number
  readonly status: Status
  readonly zone: string
  readonly weight: number
  /** Drawn at random at every start of the process: tells two processes of one name apart. */
  readonly instance: string
}

/**
 * compareMembers orders the records of one name: above 0 when `a` wins over `b`. It is a total order (incarnation, then
 * status, then all the rest as text), so that the winner of any set of records does not depend on who hears what when.
 */
export function compareMembers(a: Member, b: Member): number {
  if (a === b) return 0
  if (a.incarnation !== b.incarnation) return a.incarnation - b.incarnation
  if (a.status !== b.status) return statuses.indexOf(a.status) - statuses.indexOf(b.status)
  const textA = restAsText(a)
  const textB = restAsText(b)
  return textA < textB ? -1 : textA > textB ? 1 : 0
}

function restAsText({ instance, urls, zone, weight }: Member): string {
  return JSON.stringify([instance, urls.client, urls.peer, zone, weight])
}
