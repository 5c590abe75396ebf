/** The commands' end of the control socket. */
import { createConnection } from 'node:net'
import { RingholdError } from '@ringhold/sdk/protocol'
import { type ControlReply, type ControlRequest, type ControlResult, messageBytesMax } from './control-protocol.ts'
import type { StateFolder } from './state-folder.ts'

/** Longer than the supervisor waits for a process to end, unless somebody gave nodes more than 30 s to leave. */
const replyWithinMs = 45_000

/** askSupervisor sends one request. Rejects with RINGHOLD_NO_LOCAL_FLEET when no supervisor listens, else with its error. */
export async function askSupervisor<R extends ControlRequest>(
  folder: StateFolder,
  request: R,
): Promise<ControlResult[R['action']]> {
  const reply = JSON.parse(await exchange(folder, `${JSON.stringify(request)}\n`)) as ControlReply
  if (reply.ok) return reply.result as ControlResult[R['action']]
  throw new RingholdError(reply.code, { detail: reply.detail })
}

/** isSupervised tells whether a supervisor listens in the folder. */
export function isSupervised(folder: StateFolder): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(folder.socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function exchange(folder: StateFolder, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = createConnection(folder.socketPath, () => socket.write(line))
    const fail = (error: RingholdError) => {
      socket.destroy()
      reject(error)
    }
    socket.setEncoding('utf8')
    socket.setTimeout(replyWithinMs, () =>
      fail(new RingholdError('RINGHOLD_TIMEOUT', { detail: 'the supervisor of the local fleet does not answer' })),
    )
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > messageBytesMax)
        fail(new RingholdError('RINGHOLD_BAD_REPLY', { detail: 'the reply is too long' }))
    })
    socket.on('error', (cause) =>
      fail(new RingholdError('RINGHOLD_NO_LOCAL_FLEET', { detail: `no local fleet runs in ${folder.path}`, cause })),
    )
    socket.on('end', () => {
      if (text.endsWith('\n')) resolve(text)
      else fail(new RingholdError('RINGHOLD_NO_LOCAL_FLEET', { detail: 'the local fleet ended meanwhile' }))
    })
  })
}
