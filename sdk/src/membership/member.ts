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
 * status, then all the rest), so that the winner of any set of records does not depend on who hears what when.
 */
export function compareMembers(a: Member, b: Member): number {
  if (a === b) return 0
  return (
    a.incarnation - b.incarnation ||
    statuses.indexOf(a.status) - statuses.indexOf(b.status) ||
    compareText(a.instance, b.instance) ||
    compareText(a.urls.client, b.urls.client) ||
    compareText(a.urls.peer, b.urls.peer) ||
    compareText(a.zone, b.zone) ||
    a.weight - b.weight
  )
}

/** isGone tells whether a member of this status runs no more: it is remembered, but no party to anything. */
export function isGone(status: Status): boolean {
  return status === 'dead' || status === 'left'
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
