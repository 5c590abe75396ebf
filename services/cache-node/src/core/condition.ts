import type { Condition, Version } from '@ringhold/sdk/protocol'

/** holds tells whether a condition holds for a key with this version (undefined: absent). */
export function holds(condition: Condition, version: Version | undefined): boolean {
  switch (condition.type) {
    case 'absent':
      return version === undefined
    case 'present':
      return version !== undefined
    case 'version':
      return version !== undefined && condition.versions.includes(version)
    case 'not-version':
      return version === undefined || !condition.versions.includes(version)
  }
}
