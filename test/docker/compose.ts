/** Docker and Compose for tests: the five containers of docker-compose.yml, under a project name of their own. */
import { execFile, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const run = promisify(execFile)
const outputBytesMax = 16 * 1024 * 1024

/** Compose runs one project of the compose file. */
export class Compose {
  readonly project: string
  readonly #command: readonly string[]

  /** Throws when there is no engine or no Compose, saying what to do. */
  constructor(project: string) {
    this.project = project
    this.#command = findCompose()
  }

  /** Runs a Compose command and returns what it prints; rejects with its stderr when it fails. */
  async run(...args: string[]): Promise<string> {
    const [program, ...before] = [...this.#command, '--project-name', this.project, ...args]
    return await output(program as string, before)
  }

  /** id returns the container of a service, running or not. */
  async id(service: string): Promise<string> {
    const ids = await docker('ps', '--all', '--quiet', ...this.#filters(service))
    return ids.split('\n')[0] as string
  }

  /** network is the name of the network that the containers share. */
  get network(): string {
    return `${this.project}_default`
  }

  /** address returns the address of a service's container inside the network; '' when it does not run. */
  async address(service: string): Promise<string> {
    return await addressOf(await this.id(service))
  }

  /** health returns what the health check says of a service: starting, healthy or unhealthy. */
  async health(service: string): Promise<string> {
    return await docker('inspect', '--format', '{{.State.Health.Status}}', await this.id(service))
  }

  #filters(service: string): string[] {
    const labels = [`project=${this.project}`, `service=${service}`]
    return labels.flatMap((label) => ['--filter', `label=com.docker.compose.${label}`])
  }
}

/** docker runs a command of the engine's client and returns what it prints. */
export async function docker(...args: string[]): Promise<string> {
  return await output('docker', args)
}

/** addressOf returns a container's address inside its only network; '' when it does not run. */
export async function addressOf(container: string): Promise<string> {
  return await docker('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container)
}

/** takenPort returns the first of some ports of 127.0.0.1 on which somebody else listens. */
export async function takenPort(ports: readonly number[]): Promise<number | undefined> {
  for (const port of ports) if (!(await isFree(port))) return port
  return undefined
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, { cwd: root, maxBuffer: outputBytesMax })
  return stdout.trim()
}

function findCompose(): readonly string[] {
  if (!succeeds('docker', 'info')) {
    throw new Error('no container engine answers: start Docker, or let scripts/docker-engine.sh install and start one')
  }
  const found = [['docker', 'compose'], ['docker-compose']].find(([program, ...args]) => {
    return succeeds(program as string, ...args, 'version')
  })
  if (!found) throw new Error('neither `docker compose` nor `docker-compose` is installed')
  return found
}

function succeeds(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
