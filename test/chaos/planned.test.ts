import { plays } from './plays.ts'

plays('join', 'rolling-restart')
