import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { StateFolder } from '#cli/local-fleet/state-folder.js'

const badOption = { code: 'RINGHOLD_BAD_OPTION' }

function folderIn(t: Test, name = 'state'): StateFolder {
  const parent = mkdtempSync(join(tmpdir(), 'ringhold-test-'))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  return new StateFolder({ RINGHOLD_STATE_DIR: join(parent, name) })
}

test('the state folder is for its user alone', async (t) => {
  const folder = folderIn(t)
  folder.create()
  t.equal(statSync(folder.path).mode & 0o777, 0o700)
  t.doesNotThrow(() => folder.create(), 'a second time it is there already')
  chmodSync(folder.path, 0o755)
  t.throws(() => folder.create(), badOption, 'a folder that others can read is refused')
})

test('a folder that cannot be made is refused with its reason', async (t) => {
  const folder = folderIn(t)
  writeFileSync(folder.path, '')
  t.throws(() => folder.create(), { ...badOption, message: /EEXIST/ })
  const inside = new StateFolder({ RINGHOLD_STATE_DIR: join(folder.path, 'inside') })
  t.throws(() => inside.create(), { ...badOption, message: /ENOTDIR/ })
})

test('folders that lead to it are made, in a file system without room for folders it is refused', async (t) => {
  const deep = new StateFolder({ RINGHOLD_STATE_DIR: join(folderIn(t).path, 'a', 'b') })
  deep.create()
  t.ok(statSync(deep.path).isDirectory())
  if (!existsSync('/proc/self')) return
  t.throws(() => new StateFolder({ RINGHOLD_STATE_DIR: '/proc/ringhold/state' }).create(), badOption)
})

test('a path that is too long for a socket is refused before anything is made', async (t) => {
  t.throws(() => folderIn(t, 'x'.repeat(100)).create(), badOption)
})

test('a record counts only while its supervisor lives', async (t) => {
  const folder = folderIn(t)
  folder.create()
  t.equal(folder.read(), undefined)
  const record = { supervisor: process.pid, fleet: 'f', nodes: [] }
  folder.write(record)
  t.same(folder.read(), record)
  // Larger than any process id that a system gives out.
  folder.write({ ...record, supervisor: 2 ** 30 })
  t.equal(folder.read(), undefined)
  t.same(folder.readStale()?.supervisor, 2 ** 30)
  folder.clear()
  t.equal(folder.readStale(), undefined)
})
