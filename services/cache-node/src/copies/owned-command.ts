/** ownedCommand is a command with bytes of its own, for whoever needs it longer than those that it came in. */
import type { ByteCommand } from '@ringhold/sdk/protocol'

export function ownedCommand<C extends ByteCommand>(command: C): C {
  const key = new Uint8Array(command.key)
  return command.type === 'set' ? { ...command, key, value: new Uint8Array(command.value) } : { ...command, key }
}
