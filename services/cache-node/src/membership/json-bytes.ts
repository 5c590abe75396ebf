/** Bytes of JSON, measured without writing the whole message anew for every record that might still fit. */
import type { Member } from '@ringhold/sdk/membership'
import type { Pulse, Rumour } from './message.ts'

const ofMembers = new WeakMap<Member, number>()
const ofPulses = new WeakMap<Pulse, number>()

/** utf8Bytes returns the length of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // Both halves of a surrogate pair count two of its four bytes; JSON escapes lone ones, so they never get here.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

/** jsonBytes returns the length of the JSON of a value in bytes. */
export function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value))
}

/** memberBytes is jsonBytes of a record, remembered as long as the record lives. */
export function memberBytes(member: Member): number {
  let bytes = ofMembers.get(member)
  if (bytes === undefined) {
    bytes = jsonBytes(member)
    ofMembers.set(member, bytes)
  }
  return bytes
}

/** pulseBytes is jsonBytes of a pulse, remembered likewise. */
export function pulseBytes(pulse: Pulse): number {
  let bytes = ofPulses.get(pulse)
  if (bytes === undefined) {
    bytes = jsonBytes(pulse)
    ofPulses.set(pulse, bytes)
  }
  return bytes
}

/** rumourBytes is jsonBytes of a rumour. */
export function rumourBytes(rumour: Rumour): number {
  if (rumour.accusers === undefined && rumour.ageMs === undefined)
    return '{"member":}'.length + memberBytes(rumour.member)
  const { member, ...beside } = rumour
  return jsonBytes(beside) + ',"member":'.length + memberBytes(member)
}
