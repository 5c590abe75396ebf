#!/usr/bin/env node
/**
 * npm run bench: Ringhold beside Redis Cluster and memcached, five servers each on this machine, each through its
 * clients, one client process at a time.
 *
 *      npm run bench [-- --quick] [--servers <number of each kind>] [--only <client,…>] [--scenario <part of its name>] [--json <file>]
 *
 * The clients take turns at each scenario (A B C … A B C …, three rounds), so that whatever else the machine does meets
 * all of them. The median of the rounds counts; a ratio is the median of the ratios within the rounds. Processes that it
 * starts are its own, on free ports, and are ended by their ids. A server that is not installed is left out: Debian has
 * redis-server and memcached. Bare streams are no rival, but what a client and servers in Node could do at most on this
 * machine. `--scenario 'at rest'` measures what the servers take while nobody asks them anything.
 */
import { writeFileSync } from 'node:fs'
import { giveUp, optionsOf } from '../../chaos/dist/options.js'
import { atRest, atRestTableOf } from './at-rest.js'
import { ClientProcess } from './client-process.js'
import { contestants } from './contestants.js'
import { median, summarise, tablesOf } from './report.js'
import { restBesideBare, restTableOf } from './rest.js'
import { scenarios } from './scenarios.js'
import { serversPossible, serversUsual, startServers } from './servers.js'

const usage =
  'npm run bench [-- --quick] [--servers <number of each kind>] [--only <client,…>] [--scenario <part of its name>] [--json <file>]'
const values = optionsOf(usage, {
  quick: { type: 'boolean', default: false },
  servers: { type: 'string', default: String(serversUsual) },
  only: { type: 'string' },
  scenario: { type: 'string', default: '' },
  json: { type: 'string', default: 'bench/peers/last.json' },
})
const serversEach = Number(values.servers)
if (!serversPossible.includes(serversEach)) giveUp(usage, `--servers must be one of ${serversPossible.join(', ')}`)
const rounds = 3
/** When the last round may begin: --quick is to take less than two minutes on a slow machine, too. */
const lastRoundMs = values.quick ? 75_000 : Number.POSITIVE_INFINITY
const times = values.quick ? { warmMs: 50, runMs: 300 } : { warmMs: 500, runMs: 2_000 }
/**
 * Nodes need some 4 s of each of these until the engine has compiled them: large values have ways of their own, and so have
 * many commands at a time, which are answered in portions. --quick has no time for these, and half-done they would harm the rest.
 */
const warmUps = values.quick
  ? { names: ['1 KiB, 64 in flight', '64 in flight', '1 in flight'], runMs: 800 }
  : { names: ['1,024 in flight', '1 KiB, 64 in flight', '64 in flight', '1 in flight'], runMs: 4_000 }
const atRestTimes = values.quick ? { settleMs: 1_000, runMs: 4_000 } : { settleMs: 10_000, runMs: 20_000 }
const restTimes = values.quick ? { rounds: 3, warmS: 1, runS: 1 } : { rounds: 15, warmS: 4, runS: 1 }
const chosen = values.only?.split(',') ?? contestants.map(({ name }) => name)

const servers = await startServers(
  new Set(contestants.filter(({ name }) => chosen.includes(name)).map(({ server }) => server)),
  serversEach,
)
const clients = []
try {
  const starting = []
  for (const { name, server } of contestants) {
    if (!chosen.includes(name)) continue
    const started = servers.get(server)
    if (started === undefined) console.log(`${name} is left out: ${server} is not installed`)
    else starting.push(ClientProcess.start(name, started))
  }
  clients.push(...(await Promise.all(starting)))
  // Servers and clients that compile as they run are to be measured as they run for hours. In turns as well, so that all have rested as long.
  for (const name of warmUps.names) {
    const scenario = scenarios.find((each) => each.name === name)
    for (const client of clients) await client.run(scenario, { warmMs: 0, runMs: warmUps.runMs })
  }
  const results = []
  for (let round = 1; round <= rounds; round++) {
    if (round === rounds && performance.now() > lastRoundMs) {
      console.log(`round ${round} is left out: this machine is slow, and --quick is to take less than two minutes`)
      break
    }
    // So what is compared was measured within seconds: a shared machine is twice as fast in one minute as in the next.
    for (const scenario of scenarios.filter((each) => each.name.includes(values.scenario))) {
      for (const client of clients) {
        const result = await client.run(scenario, times)
        results.push({ round, client: client.name, scenario: scenario.name, ...result })
        process.stderr.write(
          `round ${round}  ${client.name.padEnd(22)} ${scenario.name.padEnd(22)} ${Math.round(result.perSecond)}/s\n`,
        )
      }
    }
  }
  const summary = summarise(results)
  console.log(tablesOf(summary, results))
  const resting = 'at rest'.includes(values.scenario) ? await atRest(servers, atRestTimes) : []
  console.log(atRestTableOf(resting))
  const rest = 'REST'.includes(values.scenario) ? await restBesideBare(restTimes) : []
  console.log(restTableOf(rest, median))
  writeFileSync(
    values.json,
    `${JSON.stringify({ node: process.version, at: new Date().toISOString(), serversEach, summary, results, resting, rest }, null, 2)}\n`,
  )
  console.log(`written to ${values.json}`)
} finally {
  await Promise.all(clients.map((client) => client.stop()))
  await Promise.all([...servers.values()].map((server) => server.stop()))
}
