import { plays } from './plays.ts'

plays('deletes')
