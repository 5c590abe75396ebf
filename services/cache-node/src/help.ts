import { variables } from './config.ts'

/** helpText lists the environment variables of a node with their defaults, out of their schema. */
export function helpText(): string {
  const entries = Object.entries(variables.properties) as [string, { description?: string; default?: unknown }][]
  const width = Math.max(...entries.map(([name]) => name.length))
  const lines = entries.map(([name, { description, default: value }]) => {
    const suffix = value === undefined ? '' : ` (default: ${value === '' ? 'empty' : value})`
    return `  ${name.padEnd(width)}  ${description}${suffix}`
  })
  return `Usage: node main.js [--help]\n\nStarts one node of a Ringhold fleet, configured by environment variables:\n\n${lines.join('\n')}\n`
}
