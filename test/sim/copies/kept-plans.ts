/** Plans that once failed, by what they showed. They are run for ever. */
import type { Plan } from './plan.ts'

export const keptPlans: Readonly<Record<string, Plan>> = {}
