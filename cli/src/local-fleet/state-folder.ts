/**
 * The state folder of a local fleet: how the other commands find the supervisor, and nobody else does.
 *
 *      ${RINGHOLD_STATE_DIR:-<tmp>/ringhold-<uid>}/      mode 0700, owned by the user
 *        control.sock                                    the supervisor listens; there while it lives
 *        fleet.json                                      who the nodes are, rewritten as a whole on every change
 *        logs/node-1.log                                 stdout and stderr of each node; kept until its next start
 *
 * A supervisor that was killed leaves the first two behind; its process id tells that they are stale.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { RingholdError } from '@ringhold/sdk/protocol'

/** The longest path that every system takes for a socket (macOS: 104 bytes with the terminating zero). */
const socketPathBytesMax = 103

/** FleetRecord is the content of fleet.json. */
export interface FleetRecord {
  /** Process id of the supervisor. */
  readonly supervisor: number
  readonly fleet: string
  readonly nodes: readonly NodeRecord[]
}

/**
 * Phase of a node process in the eyes of its supervisor: `waiting` to be started again after it died by itself,
 * `stopped` or `frozen` on purpose, `failed` for good.
 */
export type Phase = 'running' | 'waiting' | 'stopped' | 'frozen' | 'failed'

export interface NodeRecord {
  readonly name: string
  readonly url: string
  readonly peerUrl: string
  /** Path of its log. */
  readonly log: string
  readonly phase: Phase
  /** undefined while no process runs. */
  readonly pid?: number
}

export class StateFolder {
  readonly path: string

  constructor(env: NodeJS.ProcessEnv) {
    this.path = env.RINGHOLD_STATE_DIR || join(tmpdir(), `ringhold-${userInfo().uid}`)
  }

  get socketPath(): string {
    return join(this.path, 'control.sock')
  }

  get #recordPath(): string {
    return join(this.path, 'fleet.json')
  }

  get logDir(): string {
    return join(this.path, 'logs')
  }

  /** create makes the folder, or checks the one that is there: in a shared folder for temporary files others could plant one. */
  create(): void {
    if (Buffer.byteLength(this.socketPath) > socketPathBytesMax) {
      throw unusable(
        `the state folder ${this.path} has too long a path for a socket; choose another RINGHOLD_STATE_DIR`,
      )
    }
    makeFolder(this.path, 'state folder')
    const stat = lstatSync(this.path)
    if (!stat.isDirectory() || stat.uid !== userInfo().uid) {
      throw unusable(`the state folder ${this.path} is not a folder of this user; choose another RINGHOLD_STATE_DIR`)
    }
    if ((stat.mode & 0o077) !== 0) {
      throw unusable(`the state folder ${this.path} is open to other users; run: chmod 700 ${this.path}`)
    }
  }

  /** read returns the record of the fleet that a living supervisor keeps here; undefined where there is none. */
  read(): FleetRecord | undefined {
    const record = this.readStale()
    return record !== undefined && isAlive(record.supervisor) ? record : undefined
  }

  /** readStale returns what the last supervisor wrote, dead or alive. */
  readStale(): FleetRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.#recordPath, 'utf8')) as FleetRecord
    } catch {
      return undefined
    }
  }

  /** write replaces the record in one step: readers see the old one or the new one. */
  write(record: FleetRecord): void {
    const draft = `${this.#recordPath}.new`
    writeFileSync(draft, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
    renameSync(draft, this.#recordPath)
  }

  /** clear removes what tells of a running supervisor. The logs stay, for whoever asks why it ended. */
  clear(): void {
    rmSync(this.#recordPath, { force: true })
    rmSync(this.socketPath, { force: true })
  }
}

/** makeFolder makes a folder for this user unless it is there. Throws RINGHOLD_BAD_OPTION, calling it `what`, where that cannot be. */
export function makeFolder(path: string, what: string): void {
  try {
    makeFolders(resolve(path))
  } catch (cause) {
    throw unusable(`the ${what} ${path} cannot be made (${(cause as NodeJS.ErrnoException).code})`)
  }
}

/** One folder at a time: Node's own recursive mkdir never ends in a file system like /proc, which has no room for folders. */
function makeFolders(path: string): void {
  if (isFolder(path)) return
  const parent = dirname(path)
  if (!existsSync(parent)) makeFolders(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it in the meantime.
    if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** isAlive tells whether a process of this id runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function unusable(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_OPTION', { detail })
}
