/** A fleet of the launcher's on free ports, for the length of a script. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../cli/bin/ringhold.js', import.meta.url))
const readyWithinMs = 60_000

/** Below the ports that systems hand out by themselves, so that nobody takes one between our look and its use. */
const firstPort = 20_000
const lastPort = 30_000
const attemptsMax = 50

/**
 * startFleet starts nodes and resolves with their client URLs as soon as all agree on one ring. The launcher gets a
 * process group of its own, so that Ctrl-C reaches the fleet only through `stop`.
 */
export async function startFleet(nodes = 5) {
  const port = await freePorts(2 * nodes)
  const stateDir = await mkdtemp(join(tmpdir(), 'ringhold-'))
  const options = ['--nodes', nodes, '--port', port, '--peer-port', port + nodes].map(String)
  const child = spawn(process.execPath, [launcher, 'up', '--json', ...options], {
    env: { ...process.env, RINGHOLD_STATE_DIR: stateDir },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    await rm(stateDir, { recursive: true, force: true })
  }
  try {
    const { ring, nodes: members } = await readyEvent(child, ended)
    return { ring, urls: members.map(({ url }) => url), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The launcher writes one JSON document a line; the fleet is up when it says `ready`. */
function readyEvent(child, ended) {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error('the fleet was not up within 60 s')), readyWithinMs)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line)
      if (event.event !== 'ready') return
      clearTimeout(deadline)
      resolve(event)
    })
    ended.then((code) => {
      clearTimeout(deadline)
      reject(new Error(`the launcher ended with exit code ${code} before the fleet was up`))
    })
  })
}

/** freePorts finds so many free ports in a row and returns the first. */
async function freePorts(count) {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const first = firstPort + Math.floor(Math.random() * (lastPort - firstPort - count))
    const ports = Array.from({ length: count }, (_, index) => first + index)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first
  }
  throw new Error(`no ${count} free ports in a row between ${firstPort} and ${lastPort}`)
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
