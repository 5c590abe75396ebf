/**
 * Plain REST beside Node itself: GET of one key of one node, and of a bare node:http server that answers the same bytes, by
 * wrk in turns. What the machine does besides meets both; processor time a request says more than throughput where it is much.
 */
import { execFileSync } from 'node:child_process'
import { cpuMsOf, freePorts, isInstalled, start, startNodes, until } from './servers.js'

const host = '127.0.0.1'
const path = '/v1/caches/default/keys/user:000042'
/** Fields that Node adds to every reply by itself. */
const ofNode = new Set(['date', 'connection', 'keep-alive'])

/** restBesideBare returns one result for each round and server; nothing where wrk is not installed. */
export async function restBesideBare({ rounds, seconds }) {
  if (!isInstalled('wrk')) {
    console.log('plain REST is left out: wrk is not installed')
    return []
  }
  const node = await startNodes(1)
  const url = `http://${host}:${node.ports[0]}${path}`
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  await fetch(url, { method: 'PUT', headers, body: 'x'.repeat(100) })
  const reply = await fetch(url)
  const fields = [...reply.headers].filter(([name]) => !ofNode.has(name)).flat()
  const [barePort] = await freePorts(1)
  const given = JSON.stringify({ fields, body: await reply.text() })
  const bare = start(process.execPath, [new URL('./bare-http.js', import.meta.url).pathname, String(barePort), given])
  const stop = async () => {
    bare.kill('SIGKILL')
    await node.stop()
  }
  process.once('exit', () => bare.kill('SIGKILL'))
  try {
    await until('the bare server answers', () => fetch(`http://${host}:${barePort}/`).then(({ ok }) => ok))
    const servers = [
      { client: 'node', port: node.ports[0], pid: node.children[0].pid },
      { client: 'bare node:http', port: barePort, pid: bare.pid },
    ]
    for (const server of servers) load(server, seconds)
    const results = []
    for (let round = 1; round <= rounds; round++) {
      for (const server of servers) results.push({ round, scenario: 'REST GET', ...load(server, seconds) })
    }
    return results
  } finally {
    await stop()
  }
}

function load({ client, port, pid }, seconds) {
  const before = cpuMsOf(pid)
  const said = execFileSync('wrk', ['-t1', '-c32', `-d${seconds}s`, `http://${host}:${port}${path}`]).toString()
  const requests = Number(/(\d+) requests in/.exec(said)[1])
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1])
  return { client, perSecond, serverUs: ((cpuMsOf(pid) - before) * 1_000) / requests }
}

/** restTableOf is the medians as a line of text. */
export function restTableOf(results, median) {
  if (results.length === 0) return ''
  const ratios = (figure, upside) => {
    const of = (client) => results.filter((result) => result.client === client).map((result) => result[figure])
    const [ours, bares] = [of('node'), of('bare node:http')]
    return median(ours.map((our, round) => (upside ? our / bares[round] : bares[round] / our))).toFixed(2)
  }
  const us = (client) =>
    median(results.filter((result) => result.client === client).map(({ serverUs }) => serverUs)).toFixed(1)
  return [
    `plain REST GET, wrk -t1 -c32: ${ratios('perSecond', true)} × a bare node:http server in requests a second,`,
    `${ratios('serverUs', false)} × by processor time (${us('node')} and ${us('bare node:http')} µs a request)`,
  ].join('\n')
}
