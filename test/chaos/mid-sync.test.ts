import { plays } from './plays.ts'

plays('kill-mid-sync')
