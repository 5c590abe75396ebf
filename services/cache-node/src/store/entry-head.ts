/** EntryHead is what a read needs of the header of an entry. One is filled anew for every read, so that reads leave no garbage. */
export class EntryHead {
  log = 0
  keyLength = 0
  valueLength = 0
  contentType = 0
  version = 0
  /** Undefined: it never expires. For a tombstone: when its grace ends. */
  deadline: number | undefined = undefined
  /** How many bytes lie before the value: header and key. */
  valueAt = 0
}
