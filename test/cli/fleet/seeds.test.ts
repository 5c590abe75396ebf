import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { findSeeds, parseSeeds } from '#cli/fleet/seeds.js'
import { StateFolder } from '#cli/local-fleet/state-folder.js'

test('the option wins over the variable, the variable over the local fleet, that over the default', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'ringhold-test-'))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  const env = { RINGHOLD_STATE_DIR: join(parent, 'state') }
  t.same(findSeeds(undefined, env), ['http://127.0.0.1:7001'])
  const folder = new StateFolder(env)
  folder.create()
  const node = (name: string, port: number, phase: 'running' | 'stopped') => {
    return { name, url: `http://127.0.0.1:${port}`, peerUrl: '', log: '', phase }
  }
  const nodes = [node('node-1', 9001, 'stopped'), node('node-2', 9002, 'running')]
  folder.write({ supervisor: process.pid, fleet: 'f', nodes })
  t.same(findSeeds(undefined, env), ['http://127.0.0.1:9002', 'http://127.0.0.1:9001'], 'running nodes first')
  const named = { ...env, RINGHOLD_NODES: 'a:1, https://b:2/' }
  t.same(findSeeds(undefined, named), ['http://a:1', 'https://b:2'])
  t.same(findSeeds('c:3', named), ['http://c:3'])
})

test('a list that names no usable URL is a wrong option', async (t) => {
  for (const text of ['', ' , ', 'http://', 'ftp://a', 'a:b:c', 'http://a:99999', Array(101).fill('a').join()]) {
    t.throws(() => parseSeeds(text, '--seeds'), { code: 'RINGHOLD_BAD_OPTION' }, JSON.stringify(text.slice(0, 20)))
  }
})
