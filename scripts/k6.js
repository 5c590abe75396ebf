#!/usr/bin/env node
/**
 * Runs a k6 script of k6/ against a fleet of its own on free ports, and ends with k6's exit code.
 *
 *      npm run k6 -- smoke
 *      npm run k6 -- steady -e RATE=2000 -e DURATION=1m        whatever follows the name goes to `k6 run`
 *      NODES=http://127.0.0.1:7001 npm run k6 -- steady        against a fleet that is up: none is started
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startFleet } from './local-fleet.js'

const scripts = ['smoke', 'steady']
const usageExitCode = 2

const [name, ...options] = process.argv.slice(2)
if (!scripts.includes(name)) giveUp(`say which script to run: npm run k6 -- ${scripts.join('|')} [options of k6 run]`)
const k6 =
  findK6() ?? giveUp('k6 is not here. Install it (see k6.io, or `go install go.k6.io/k6@latest`) or set K6 to its path')

const fleet = process.env.NODES ? undefined : await startFleet()
const nodes = fleet ? fleet.urls.join(',') : process.env.NODES
if (fleet) console.error(`k6: a fleet of ${fleet.urls.length} is up, ring ${fleet.ring}`)
try {
  process.exitCode = await runK6(['run', '-e', `NODES=${nodes}`, ...options, pathOf(`../k6/${name}.ts`)])
} finally {
  await fleet?.stop()
}

/** k6 hears Ctrl-C itself, being in our process group; we only wait until it has ended. */
function runK6(args) {
  const child = spawn(k6, args, { stdio: 'inherit', env: { K6_NO_USAGE_REPORT: 'true', ...process.env } })
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)))
  })
}

/** findK6 looks at K6, then along PATH, then where `go install` puts programs. */
function findK6() {
  if (process.env.K6) return existsSync(process.env.K6) ? process.env.K6 : giveUp(`K6: there is no ${process.env.K6}`)
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const goPath = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).stdout?.trim()
  if (goPath) folders.push(join(goPath, 'bin'))
  const program = process.platform === 'win32' ? 'k6.exe' : 'k6'
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

function pathOf(relative) {
  return fileURLToPath(new URL(relative, import.meta.url))
}

function giveUp(message) {
  console.error(`k6: ${message}`)
  process.exit(usageExitCode)
}
