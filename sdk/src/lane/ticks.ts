/**
 * What a tick costs. Every `process.nextTick`, of which Node makes several for each request and each write, makes an object
 * by a literal with computed names. V8 keeps in mind for that place which shape it has, but does not keep that shape alive:
 * when a full collection finds no tick under way, because the process had nothing to do just then, the shape dies, and the
 * next one counts as a second shape. From then on the engine's runtime makes each of these objects: a tick costs some seven
 * times as much, for the life of the process, and a plain GET a sixth more. One object that stays keeps the shape
 * (Node 20 and 24).
 */
import { AsyncResource, executionAsyncResource } from 'node:async_hooks'

/** A tick has to do with whatever asked for it: one that stays must not keep the request of a caller. */
const nobody = new AsyncResource('RINGHOLD')
let kept: object | undefined

/** keepTicksFast holds on to one tick, from when this turn of the event loop is over. Once in a process is enough. */
export function keepTicksFast(): void {
  if (kept !== undefined) return
  nobody.runInAsyncScope(() => {
    process.nextTick(() => {
      kept = executionAsyncResource()
    })
  })
}
