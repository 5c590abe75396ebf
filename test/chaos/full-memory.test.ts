import { plays } from './plays.ts'

plays('full-memory')
