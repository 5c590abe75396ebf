#!/usr/bin/env node
/**
 * npm run bench:connections: many connections to one node at a time, from several processes, since one may not have so many
 * files open. Every connection is used again and again; all answers must be right, and when they are gone nothing of them
 * may be left.
 *
 *      npm run bench:connections [-- --connections <number>] [--rounds <number>]
 *
 * Ends with exit code 1, and says why, where a connection was refused or lost, an answer wrong or missing, or memory
 * kept growing. The node is given as many files as the system lets it have.
 */
import { execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { optionsOf } from '../../chaos/dist/options.js'
import { freePorts, until } from '../peers/servers.js'

const values = optionsOf('npm run bench:connections [-- --connections <number>] [--rounds <number>]', {
  connections: { type: 'string', default: '10000' },
  rounds: { type: 'string', default: '200' },
})
const connections = Number(values.connections)
const rounds = Number(values.rounds)
const perProcess = 2_500
/** A connection may take so much of the node, buffers of the engine included. */
const bytesPerConnectionMax = 65_536
/** Garbage comes and goes in waves of some 50 rounds: in fewer than these, growth cannot be told from a wave. */
const roundsToJudge = 200
const growthBytesMax = 33_554_432

const [port, peerPort] = await freePorts(2)
const main = createRequire(import.meta.url).resolve('@ringhold/cache-node/main')
const node = spawn('sh', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$1"', process.execPath, main], {
  env: {
    PATH: process.env.PATH,
    RINGHOLD_NAME: 'node-1',
    RINGHOLD_PORT: String(port),
    RINGHOLD_PEER_PORT: String(peerPort),
    RINGHOLD_COPIES: '1',
    RINGHOLD_LOG_LEVEL: 'silent',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
})
const children = []
process.on('exit', () => {
  for (const child of [node, ...children]) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const stats = () => fetch(`http://127.0.0.1:${port}/v1/stats`).then((reply) => reply.json())
const wrong = []
const expect = (isSo, what) => isSo || wrong.push(what)

await until('the node is ready', () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok))
const before = residentBytes()
const begunMs = performance.now()
for (let first = 0; first < connections; first += perProcess) {
  const share = Math.min(perProcess, connections - first)
  children.push(fork(new URL('./client.js', import.meta.url), [port, share, first].map(String)))
}
const opened = sum(await Promise.all(children.map(heard)))
const openedMs = performance.now() - begunMs
expect(opened === connections, `${connections - opened} connections were refused`)
const memory = []
let slowestMs = 0
for (let round = 0; round < rounds; round++) {
  const answers = await Promise.all(
    children.map((child) => {
      child.send('ask')
      return heard(child)
    }),
  )
  const right = sum(answers)
  expect(right === connections, `round ${round + 1}: ${connections - right} answers were wrong or missing`)
  slowestMs = Math.max(slowestMs, ...answers.map(({ tookMs }) => tookMs))
  memory.push(residentBytes())
}
const { streams } = await stats()
expect(streams === connections, `the node counts ${streams} streams`)
const each = (Math.max(...memory) - before) / connections
expect(each < bytesPerConnectionMax, `${Math.round(each)} bytes of the node for a connection`)
const quarter = rounds >> 2
const growth = Math.min(...memory.slice(-quarter)) - Math.min(...memory.slice(-2 * quarter, -quarter))
if (rounds >= roundsToJudge) expect(growth < growthBytesMax, `the node grew by ${growth} bytes`)
for (const child of children) child.send('close')
await until('the node has let go of all of them', async () => (await stats()).streams === 0).catch((error) =>
  wrong.push(error.message),
)
await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')))

console.log(
  [
    `${opened} connections opened in ${Math.round(openedMs)} ms; ${rounds} rounds of a write and a read on each, all at once:`,
    `the slowest round took ${Math.round(slowestMs)} ms, ${Math.round(each)} bytes of the node for a connection`,
    ...wrong.map((what) => `WRONG: ${what}`),
  ].join('\n'),
)
process.exit(wrong.length > 0 ? 1 : 0)

function sum(answers) {
  return answers.reduce((total, { right }) => total + right, 0)
}

function heard(child) {
  return new Promise((resolve, reject) => {
    const onExit = (code) => reject(new Error(`a client process ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}

function residentBytes() {
  const pages = Number(readFileSync(`/proc/${node.pid}/statm`, 'utf8').split(' ')[1])
  return pages * Number(execFileSync('getconf', ['PAGESIZE']))
}
