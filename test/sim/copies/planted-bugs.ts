/** Bugs that the simulator must catch, each as a replacement in the compiled text of one module. */
import type { Plant } from './plant-hook.ts'

export interface PlantedBug extends Plant {
  /** What the fleet does then. */
  readonly name: string
}

export const plantedBugs: readonly PlantedBug[] = []
