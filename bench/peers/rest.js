/**
 * Plain REST beside Node itself: GET of one key of its node, the same through a node that passes it on, and a bare node:http
 * server that answers the same bytes, by wrk in turns. What the machine does besides meets all of them; processor time a
 * request says more than throughput where it is much.
 */
import { execFileSync } from 'node:child_process'
import { cpuMsOf, freePorts, isInstalled, start, startNodes, until } from './servers.js'

const host = '127.0.0.1'
const path = '/v1/caches/default/keys/user:000042'
/** Fields that Node adds to every reply by itself. */
const ofNode = new Set(['date', 'connection', 'keep-alive'])

/**
 * restBesideBare returns one result for each round and server; nothing where wrk is not installed. Each server is warmed once,
 * until the engine has compiled it.
 */
export async function restBesideBare(times) {
  if (!isInstalled('wrk')) {
    console.log('plain REST is left out: wrk is not installed')
    return []
  }
  const started = []
  try {
    // Nodes with nothing to do would take their time from the others: the fleet that passes on comes afterwards.
    const node = await startNodes(1)
    started.push(node)
    const bare = await startBare(await setOne(node.ports[0]), started)
    const alone = theNode(node, node.ports[0])
    warm([alone, bare], times)
    const results = inTurns([alone, bare], times)
    const pair = await startNodes(2)
    started.push(pair)
    await Promise.all(pair.ports.map(setOne))
    const passing = theNode(pair, await passingOn(pair.ports))
    warm([passing], times)
    const passedOn = inTurns([passing, bare], times)
    return [...results, ...passedOn.map((result) => ({ ...result, scenario: 'REST GET, passed on' }))]
  } finally {
    await Promise.all(started.map((servers) => servers.stop()))
  }
}

/** theNode is a node of a fleet under load; the processor time is that of the whole fleet. */
function theNode(fleet, port) {
  return { client: 'node', port, cpuMs: () => fleet.cpuMs() }
}

/** setOne sets the key by one node and returns what a GET answers. */
async function setOne(port) {
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  await fetch(urlOf(port), { method: 'PUT', headers, body: 'x'.repeat(100) })
  return fetch(urlOf(port))
}

/** startBare starts a server that answers what the reply says. */
async function startBare(reply, started) {
  const fields = [...reply.headers].filter(([name]) => !ofNode.has(name)).flat()
  const [port] = await freePorts(1)
  const given = JSON.stringify({ fields, body: await reply.text() })
  const child = start(process.execPath, [new URL('./bare-http.js', import.meta.url).pathname, String(port), given])
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  started.push({ stop: end })
  await until('the bare server answers', () => fetch(urlOf(port)).then(({ ok }) => ok))
  return { client: 'bare node:http', port, cpuMs: () => cpuMsOf(child.pid) }
}

/** passingOn finds the node that does not own the key. */
async function passingOn(ports) {
  for (const port of ports) {
    const reply = await fetch(urlOf(port))
    if (reply.headers.get('cache-status').includes('forwarded')) return port
  }
  throw new Error('every node answers by itself')
}

function warm(servers, { warmS }) {
  for (const server of servers) load(server, warmS)
}

function inTurns(servers, { rounds, runS }) {
  const results = []
  for (let round = 1; round <= rounds; round++) {
    for (const server of servers) results.push({ round, scenario: 'REST GET', ...load(server, runS) })
  }
  return results
}

function load({ client, port, cpuMs }, seconds) {
  const before = cpuMs()
  const said = execFileSync('wrk', ['-t1', '-c32', `-d${seconds}s`, urlOf(port)]).toString()
  const requests = Number(/(\d+) requests in/.exec(said)[1])
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1])
  return { client, perSecond, serverUs: ((cpuMs() - before) * 1_000) / requests }
}

function urlOf(port) {
  return `http://${host}:${port}${path}`
}

/** restTableOf is the medians as lines of text. */
export function restTableOf(results, median) {
  return [
    lineOf('plain REST GET', 'REST GET', results, median),
    lineOf('through another node', 'REST GET, passed on', results, median),
  ]
    .filter(Boolean)
    .join('\n')
}

function lineOf(title, scenario, all, median) {
  const results = all.filter((result) => result.scenario === scenario)
  if (results.length === 0) return ''
  const of = (client, figure) => results.filter((each) => each.client === client).map((each) => each[figure])
  const ratio = (figure, isRate) => {
    const bares = of('bare node:http', figure)
    return median(of('node', figure).map((our, round) => (isRate ? our / bares[round] : bares[round] / our))).toFixed(2)
  }
  const us = (client) => median(of(client, 'serverUs')).toFixed(1)
  return [
    `${title}, wrk -t1 -c32: ${ratio('perSecond', true)} × a bare node:http server in requests a second,`,
    `${ratio('serverUs', false)} × by processor time (${us('node')} and ${us('bare node:http')} µs a request)`,
  ].join('\n')
}
