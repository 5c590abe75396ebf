import { playsTwoAtOnce } from './plays.ts'

playsTwoAtOnce(
  'kill-each',
  'split',
  'kill-mid-sync',
  'freeze',
  'deletes',
  'clocks',
  'kill-two-of-three-copies',
  'loss',
  'join',
)
