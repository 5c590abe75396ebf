import { plays } from './plays.ts'

plays('split', 'loss')
