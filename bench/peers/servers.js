/** Some servers of each kind on free ports of the loopback, with nothing written to disk but what Redis Cluster needs. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How many there are of each kind by default, and how many may be asked for. Redis Cluster has no two. */
export const serversUsual = 5
export const serversPossible = [1, 3, 5, 7, 9]
const startMsMax = 20_000
const redisSlots = 16_384
const host = '127.0.0.1'

/** Clock ticks per second, in which the kernel reports processor time. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']))

class Servers {
  /** @param {number[]} ports @param {import('node:child_process').ChildProcess[]} children */
  constructor(ports, children) {
    this.ports = ports
    this.children = children
  }

  /** cpuMs is the processor time that all of them have used. */
  cpuMs() {
    return this.children.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0)
  }

  async stop() {
    for (const child of this.children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

/** cpuMsOf is the processor time that a process has used. */
export function cpuMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1_000
}

/** startServers starts `count` of each of the kinds that are installed. Everything is ended with this process, however that ends. */
export async function startServers(kinds, count = serversUsual) {
  const folder = mkdtempSync(join(tmpdir(), 'ringhold-bench-'))
  const started = new Map()
  process.on('exit', () => {
    for (const { children } of started.values()) for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  const starts = { ringhold: startNodes, redis: startRedis, memcached: startMemcached, bare: startBare }
  for (const kind of kinds) {
    const servers = await starts[kind](count, folder)
    if (servers) started.set(kind, servers)
  }
  return started
}

/** startNodes starts a fleet of Ringhold with one copy of each key. */
export async function startNodes(size) {
  const main = createRequire(import.meta.url).resolve('@ringhold/cache-node/main')
  const ports = await freePorts(size * 2)
  const seeds = ports.slice(size).map((port) => `${host}:${port}`)
  const children = seeds.map((_, index) =>
    start(process.execPath, [main], {
      PATH: process.env.PATH,
      RINGHOLD_NAME: `node-${index + 1}`,
      RINGHOLD_PORT: String(ports[index]),
      RINGHOLD_PEER_PORT: String(ports[size + index]),
      RINGHOLD_SEEDS: seeds.join(','),
      RINGHOLD_COPIES: '1',
      RINGHOLD_LOG_LEVEL: 'silent',
    }),
  )
  const nodes = ports.slice(0, size)
  await until('the nodes agree', async () => {
    const topologies = await Promise.all(
      nodes.map((port) => fetch(`http://${host}:${port}/v1/topology`).then((reply) => reply.json())),
    )
    return topologies.every(
      ({ ring, members }) =>
        ring === topologies[0].ring && members.filter(({ status }) => status === 'alive').length === size,
    )
  })
  return new Servers(nodes, children)
}

async function startRedis(count, folder) {
  if (!isInstalled('redis-server') || !isInstalled('redis-cli')) return undefined
  const ports = await freePorts(count)
  const children = ports.map((port) =>
    start('redis-server', [
      ...['--port', String(port), '--bind', host, '--save', '', '--appendonly', 'no', '--dir', folder],
      ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`],
      // One that has met no other does not know its address, and tells clients none.
      ...['--cluster-port', String(port + 10_000), '--cluster-announce-ip', host],
    ]),
  )
  await until('Redis listens', () => areOpen(ports))
  if (count === 1) takeAllSlots(ports[0])
  else {
    const addresses = ports.map((port) => `${host}:${port}`)
    execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'])
  }
  await until('the Redis cluster is up', () =>
    ports.every((port) =>
      execFileSync('redis-cli', ['-p', String(port), 'cluster', 'info'])
        .toString()
        .includes('cluster_state:ok'),
    ),
  )
  return new Servers(ports, children)
}

/** What `--cluster create` does only for three and more. */
function takeAllSlots(port) {
  const slots = Array.from({ length: redisSlots }, (_, slot) => String(slot))
  execFileSync('redis-cli', ['-p', String(port), 'cluster', 'addslots', ...slots])
}

async function startMemcached(count) {
  if (!isInstalled('memcached')) return undefined
  const ports = await freePorts(count)
  const root = process.getuid?.() === 0 ? ['-u', 'root'] : []
  const children = ports.map((port) =>
    start('memcached', ['-l', host, '-p', String(port), '-U', '0', '-t', '1', '-m', '256', ...root]),
  )
  await until('memcached listens', () => areOpen(ports))
  return new Servers(ports, children)
}

async function startBare(count) {
  const ports = await freePorts(count)
  const main = new URL('./bare-stream-server.js', import.meta.url).pathname
  const children = ports.map((port) => start(process.execPath, [main, String(port)]))
  await until('the bare servers listen', () => areOpen(ports))
  return new Servers(ports, children)
}

export function start(command, args, env = process.env) {
  return spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

export function isInstalled(command) {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`])
    return true
  } catch {
    return false
  }
}

async function areOpen(ports) {
  const open = await Promise.all(
    ports.map(
      (port) =>
        new Promise((resolve) => {
          const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false))
          socket.on('connect', () => socket.destroy())
        }),
    ),
  )
  return open.every(Boolean)
}

export async function until(what, condition) {
  const end = performance.now() + startMsMax
  while (
    !(await Promise.resolve()
      .then(condition)
      .catch(() => false))
  ) {
    if (performance.now() > end) throw new Error(`not within ${startMsMax} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** freePorts finds free ports, below those that the kernel gives to outgoing connections; for each of them the one 10,000 above is free, too. */
export async function freePorts(wanted) {
  const ports = new Set()
  while (ports.size < wanted) {
    const port = 20_000 + Math.floor(Math.random() * 2_500)
    if (!ports.has(port) && (await isFree(port)) && (await isFree(port + 10_000))) ports.add(port)
  }
  return [...ports]
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
