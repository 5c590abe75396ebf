import { plays } from './plays.ts'

plays('kill-one', 'rolling-restart')
