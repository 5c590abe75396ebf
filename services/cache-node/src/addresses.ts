/** Which URLs a node advertises, from where it listens. */
import { hostname } from 'node:os'

const wildcards = new Set(['0.0.0.0', '::', '*'])

/** advertisedUrl returns the URL at which others reach a listener: the host name where it listens on all addresses. */
export function advertisedUrl(host: string, port: number): string {
  const reachable = wildcards.has(host) ? hostname() : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
