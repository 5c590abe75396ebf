import { plays } from './plays.ts'

plays('freeze', 'clocks')
