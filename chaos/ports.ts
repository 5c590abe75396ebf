/** Free ports of an address, below the range from which systems take those of outgoing connections. */
import { createServer } from 'node:net'

const portMin = 20_000
const portSpan = 12_000
const attemptsMax = 1_000

/** freePorts returns so many ports on which nobody listens. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const ports = new Set<number>()
  for (let attempt = 0; attempt < attemptsMax && ports.size < count; attempt++) {
    const port = portMin + Math.floor(Math.random() * portSpan)
    if (!ports.has(port) && (await isFree(port, host))) ports.add(port)
  }
  if (ports.size < count) throw new Error(`found only ${ports.size} of ${count} free ports`)
  return [...ports]
}

/** isFree tells whether nobody listens there. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
