import { plays } from './plays.ts'

plays('deletes', 'deletes-through-split')
