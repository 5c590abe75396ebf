/** What README prints works as printed: its commands and its example run here against a fleet, on other ports. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Test, test } from 'tap'
import ts from 'typescript'
import { patienceMs, waitUntil } from '#chaos/wait-until.js'
import { freePortBlock, topologyOf } from './node-process.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../../..')
const mark = '<!-- runs as printed: test/fleet/readme.test.ts -->'

/** The marked code blocks of the README, with its ports replaced by those of the fleet of this test. */
async function markedBlocks(port: number): Promise<{ language: string; text: string }[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(new RegExp(`${mark}\n\`\`\`(\\w+)\n(.*?)\`\`\``, 'gs'))]
  return blocks.map(([, language, text]) => ({
    language: language as string,
    text: (text as string).replace(/127\.0\.0\.1:700(\d)/g, (_, digit) => `127.0.0.1:${port + Number(digit) - 1}`),
  }))
}

async function startLocalFleet(t: Test): Promise<{ port: number; env: NodeJS.ProcessEnv }> {
  const stateDir = await mkdtemp(join(tmpdir(), 'ringhold-readme-'))
  const env = { ...process.env, RINGHOLD_STATE_DIR: stateDir, NO_COLOR: '1' }
  // Two blocks of six: the README adds a sixth node.
  const port = await freePortBlock(6)
  const peerPort = await freePortBlock(6)
  const args = ['cli/dist/main.js', 'up', '--port', String(port), '--peer-port', String(peerPort)]
  const up: ChildProcess = spawn(process.execPath, args, { cwd: root, env, stdio: 'ignore' })
  t.teardown(async () => {
    const ended = once(up, 'exit')
    if (up.exitCode === null) {
      up.kill('SIGTERM')
      await ended
    }
    await rm(stateDir, { recursive: true, force: true })
  })
  await waitUntil('the fleet is up', patienceMs, async () => {
    const { members } = await topologyOf({ url: `http://127.0.0.1:${port}` })
    return members.filter(({ status }) => status === 'alive').length === 5
  })
  return { port, env }
}

test('the commands and the example of the README run as printed', { timeout: 5 * patienceMs }, async (t) => {
  const { port, env } = await startLocalFleet(t)
  const shell = async (line: string): Promise<string> => {
    try {
      return (await run('bash', ['-c', line], { cwd: root, env, timeout: patienceMs })).stdout
    } catch (error) {
      // 4: the fleet is degraded, which is what `members` says after `kill`.
      if ((error as { code?: unknown }).code !== 4) throw error
      return (error as { stdout: string }).stdout
    }
  }
  const [curls, commands, example] = await markedBlocks(port)

  const lines = (block: { text: string } | undefined): string[] => (block?.text ?? '').trim().split('\n')
  const [put, get, explain, remove] = await Promise.resolve(lines(curls)).then(async (all) => {
    const outputs: string[] = []
    for (const line of all) outputs.push(await shell(line))
    return outputs
  })
  t.match(put, /^HTTP\/1\.1 201 /)
  t.match(get, /^HTTP\/1\.1 200 .*content-type: text\/plain.*\r\n\r\nhello$/is)
  t.match(JSON.parse(explain ?? ''), { key: 'greeting', token: Number, answeredBy: 'node-2' })
  t.match(remove, /^HTTP\/1\.1 204 /)

  const results = new Map<string, string>()
  for (const line of lines(commands)) {
    results.set(line, await shell(line))
    t.pass(line)
  }
  t.match(results.get('npx ringhold stats'), /5,?000/, 'stats shows the 5,000 entries that fill wrote')

  t.equal(example?.language, 'ts')
  const folder = join(root, 'test/dist/readme')
  await mkdir(folder, { recursive: true })
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'example.mts'), example?.text ?? '')
  t.strictSame(compile(join(folder, 'example.mts')), [], 'the example compiles under strict')
  const { stdout } = await run(process.execPath, [join(folder, 'example.mjs')], { timeout: patienceMs })
  t.equal(stdout, "Ada\n[ 'Ada', 'Grace', 'Edsger' ]\n")
})

/** Compiles one module beside itself and returns its errors. */
function compile(file: string): string[] {
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    strict: true,
    skipLibCheck: true,
  })
  program.emit()
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
