#!/usr/bin/env node
/**
 * npm run bench:memory: what the process of a node takes of the machine while it is driven with values of 1 byte to 1 MiB,
 * overwrites, deletes and expiry, beside what its memory setting promises: RINGHOLD_MEMORY × 1.15 + 100 MiB.
 *
 *      npm run bench:memory [-- --seconds <number>] [--memory <size,…>] [--case <part of its name>]
 *
 *      client process ─► node process ─► /proc/<pid>/status, every 50 ms
 *
 * Linux only: nowhere else does a process tell its resident set this way. Every value that is read is compared byte by
 * byte. Ends with exit code 1 where a node was above its bound, or an answer wrong.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { optionsOf } from '../../chaos/dist/options.js'
import { freePorts, start, until } from '../peers/servers.js'
import { cases } from './cases.js'

if (process.platform !== 'linux') {
  console.error('npm run bench:memory needs Linux: it reads the resident set of a process from /proc')
  process.exit(2)
}

const values = optionsOf(
  'npm run bench:memory [-- --seconds <number>] [--memory <size,…>] [--case <part of its name>]',
  {
    seconds: { type: 'string', default: '30' },
    memory: { type: 'string', default: '64MiB,256MiB' },
    case: { type: 'string', default: '' },
  },
)
const seconds = Number(values.seconds)
const sampleMs = 50
const mebibyte = 1_048_576
const main = createRequire(import.meta.url).resolve('@ringhold/cache-node/main')
const children = new Set()

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

let isWrong = false
console.log(`Node ${process.version}, ${seconds} s each`)
for (const memory of values.memory.split(',')) {
  for (const each of cases) if (each.name.includes(values.case)) await run(each, memory)
}
process.exit(isWrong ? 1 : 0)

async function run({ name, clients, inFlight, transport, nodes: count }, memory) {
  const nodes = await startNodes(count, memory)
  const idle = Math.max(...nodes.map(residentBytes))
  const client = childOf(
    fork(new URL('./client.js', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  )
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, ...nodes.map(residentBytes))
  }, sampleMs)
  client.send({
    urls: nodes.map(({ url }) => url),
    clients,
    inFlight,
    transport,
    seconds,
    keysMax: 40 * Number.parseInt(memory, 10),
  })
  const [result] = await Promise.race([once(client, 'message'), once(client, 'exit').then(() => [undefined])])
  clearInterval(timer)
  const bound = bytesOf(memory) * 1.15 + 100 * mebibyte
  const isOver = most > bound
  if (isOver || result === undefined || result.wrong > 0) isWrong = true
  const done =
    result === undefined
      ? 'the client ended early'
      : `${result.operations} operations, ${result.hits} hits, ${result.wrong} wrong, ${result.failed} failed`
  console.log(
    `${memory.padEnd(7)} ${name.padEnd(34)} ${mib(most).padStart(4)} MiB at most, ${mib(idle)} idle, bound ${mib(bound)}${isOver ? ' EXCEEDED' : ''}; ${done}`,
  )
  await Promise.all([client, ...nodes.map(({ child }) => child)].map(ended))
}

async function startNodes(count, memory) {
  const ports = await freePorts(count * 2)
  const seeds = ports.slice(count).map((port) => `127.0.0.1:${port}`)
  const nodes = seeds.map((_, index) => ({
    url: `http://127.0.0.1:${ports[index]}`,
    child: childOf(
      start(process.execPath, [main], {
        PATH: process.env.PATH,
        ...(process.env.NODE_OPTIONS && { NODE_OPTIONS: process.env.NODE_OPTIONS }),
        RINGHOLD_NAME: `node-${index + 1}`,
        RINGHOLD_PORT: String(ports[index]),
        RINGHOLD_PEER_PORT: String(ports[count + index]),
        RINGHOLD_SEEDS: seeds.join(','),
        RINGHOLD_MEMORY: memory,
        RINGHOLD_COPIES: String(Math.min(2, count)),
        RINGHOLD_LOG_LEVEL: 'silent',
      }),
    ),
  }))
  await until('the nodes agree', async () => {
    const members = await Promise.all(nodes.map(({ url }) => fetch(`${url}/v1/topology`).then((reply) => reply.json())))
    return members.every((each) => each.members.length === count && each.ring === members[0].ring)
  })
  return nodes
}

function childOf(child) {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** The resident set of a node; nothing of one that has ended. */
function residentBytes({ child }) {
  try {
    return Number(/VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

function bytesOf(memory) {
  const [, number, unit] = /^(\d+)(MiB|GiB)$/.exec(memory)
  return Number(number) * (unit === 'GiB' ? 1_024 * mebibyte : mebibyte)
}

function mib(bytes) {
  return String(Math.round(bytes / mebibyte))
}
