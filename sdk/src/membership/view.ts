/**
 * The view: the merged set of members. A join-semilattice, so that nodes which heard the same records in any order and
 * any number of times hold the same view: merging is commutative, associative and idempotent.
 */
import { compareMembers, type Member } from './member.ts'

/** View maps names to the winning record of each. Treat it as immutable: mergeViews returns a new one. */
export type View = ReadonlyMap<string, Member>

/** winner returns the record that wins; the first of two equal ones. Both must be of one name. */
export function winner(a: Member, b: Member): Member {
  return compareMembers(a, b) >= 0 ? a : b
}

/** mergeViews returns the join of two views. */
export function mergeViews(a: View, b: View): View {
  const merged = new Map(a)
  for (const record of b.values()) {
    const known = merged.get(record.name)
    merged.set(record.name, known ? winner(known, record) : record)
  }
  return merged
}
