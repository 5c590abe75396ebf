/** ownedCommand is a command with bytes of its own, for whoever needs it longer than those that it came in. */
import type { ByteCommand } from '@ringhold/sdk/protocol'
import { plainMemory, type ValueMemory } from './value-memory.ts'

export function ownedCommand<C extends ByteCommand>(command: C, memory: ValueMemory = plainMemory): C {
  const key = new Uint8Array(command.key)
  return command.type === 'set' ? { ...command, key, value: memory.copy(command.value) } : { ...command, key }
}
