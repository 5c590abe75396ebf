/** EntryHead is the header of an entry as it was when somebody looked. One is filled anew for every look, so that looks leave no garbage. */
export class EntryHead {
  log = 0
  frequency = 0
  keyLength = 0
  valueLength = 0
  contentType = 0
  version = 0
  /** When it expires; undefined: never. For a tombstone: when its grace ends. */
  deadline: number | undefined = undefined
  /** The secret hash of the key that was looked for. */
  hash = 0
  /** How many bytes lie before the value: header and key. */
  valueAt = 0
}
