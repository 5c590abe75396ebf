export { AwakeClock } from './awake-clock.ts'
export { compareMembers, isGone, type Member, type Status, statuses } from './member.ts'
export { mergeViews, type View, winner } from './view.ts'
