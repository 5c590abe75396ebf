import { createServer } from 'node:net'
import { test } from 'tap'
import { called, freePorts, type Ran, ringhold, stateFolder } from './ringhold.ts'

test('wrong command lines end with code 2 and one line that says what to do', async (t) => {
  const rows: [words: string[], message: RegExp][] = [
    [['membrs'], /unknown command 'membrs' \(Did you mean members\?\)/],
    [['stats', '--jso'], /unknown option '--jso' \(Did you mean --json\?\)/],
    [['get'], /missing required argument 'key'/],
    [['get', 'a', 'b'], /too many arguments/],
    [['fill', 'many'], /whole number from 1/],
    [['fill', '0'], /whole number from 1/],
    [['up', '--nodes', '101'], /whole number from 1 to 100/],
    [['kill', '2', '--signal', 'SIGNONE'], /one of SIGKILL/],
    [['get', ''], /RINGHOLD_BAD_KEY: the key is empty/],
    [['get', 'a', '--cache', 'No'], /RINGHOLD_BAD_CACHE/],
    [['set', 'a', 'b', '--ttl-ms', '0'], /RINGHOLD_BAD_TTL/],
    [['set', 'a', 'b', '--ttl-ms', 'soon'], /RINGHOLD_BAD_TTL/],
    [['fill', '1', '--ttl-ms', '-1'], /RINGHOLD_BAD_TTL/],
    [['members', '--seeds', 'ftp://a'], /RINGHOLD_BAD_OPTION: --seeds has "ftp:\/\/a"/],
    [['up', '--port', '7001', '--peer-port', '7003'], /RINGHOLD_BAD_OPTION.*overlap/],
  ]
  const env = { RINGHOLD_STATE_DIR: stateFolder(t) }
  const ran = await Promise.all(rows.map(([words]) => called(words, env)))
  for (const [at, [words, message]] of rows.entries()) {
    const { code, stdout, stderr } = ran[at] as Ran
    t.match({ code, stdout, stderr }, { code: 2, stdout: '', stderr: message }, words.join(' '))
    t.match(stderr, /^ringhold: RINGHOLD_\w+: [^\n]+\n$/, 'one line')
  }
})

test('the help leads with examples and lists the exit codes; without a command it goes to stderr', async (t) => {
  const help = await ringhold(['--help'])
  t.match(help, {
    code: 0,
    stdout: /^Examples:\n {2}ringhold up\n[\s\S]*Exit codes:\n[\s\S]*4 {2}the fleet is not whole/,
    stderr: '',
  })
  const ofCommand = await ringhold(['kill', '-h'])
  t.match(ofCommand, { code: 0, stdout: /^Examples:\n {2}ringhold kill[\s\S]*--json/ })
  t.match(await ringhold([]), { code: 2, stdout: '', stderr: /^Examples:/ })
  t.match(await ringhold(['--version']), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
})

test('where nothing runs the commands say so', async (t) => {
  const { port } = await freePorts()
  const env = { RINGHOLD_STATE_DIR: stateFolder(t), RINGHOLD_NODES: `127.0.0.1:${port}` }
  const ran = await Promise.all([
    ...['members', 'stats', 'ring'].map((command) => called([command], env)),
    called(['fill', '10', '--timeout-ms', '500'], env),
    called(['get', 'a', '--timeout-ms', '500'], env),
  ])
  for (const { code, stdout, stderr } of ran) {
    t.match({ code, stdout, stderr }, { code: 1, stdout: '', stderr: /^ringhold: RINGHOLD_NO_NODES: [^\n]+\n$/ })
  }
  for (const words of [['kill', '2'], ['start', '2'], ['stop', '2'], ['add']]) {
    t.match(await called(words, env), {
      code: 1,
      stderr: /^ringhold: RINGHOLD_NO_LOCAL_FLEET: [^\n]+npx ringhold up/,
    })
  }
})

test('a port in use is named before anything is started', async (t) => {
  const { port, peerPort } = await freePorts()
  const blocker = createServer()
  await new Promise<void>((resolve) => blocker.listen(peerPort + 2, '127.0.0.1', resolve))
  t.teardown(() => blocker.close())
  const env = { RINGHOLD_STATE_DIR: stateFolder(t) }
  const { code, stdout, stderr } = await ringhold(['up', '--port', `${port}`, '--peer-port', `${peerPort}`], { env })
  t.match({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, new RegExp(`^ringhold: RINGHOLD_PORT_IN_USE: port ${peerPort + 2} .*peers of node-3.*\\n$`))
})

test('a node that does not start ends the start of the fleet, with what it said', async (t) => {
  const { port, peerPort } = await freePorts()
  const env = { RINGHOLD_STATE_DIR: stateFolder(t) }
  const words = ['up', '--nodes', '2', '--port', `${port}`, '--peer-port', `${peerPort}`, '--memory', 'lots']
  const { code, stderr } = await ringhold(words, { env })
  t.equal(code, 1)
  t.match(
    stderr,
    /\nringhold: RINGHOLD_NODE_FAILED: node-\d .*\.log ends with.*RINGHOLD_BAD_CONFIG: RINGHOLD_MEMORY=lots/,
  )
})
