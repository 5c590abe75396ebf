import { plays } from './plays.ts'

plays('kill-one', 'kill-each', 'kill-two-of-three-copies')
