/**
 * What a command found or did, in two forms of the same content: a document for programs (`--json`) and text for people.
 * Data goes to stdout; notes and errors go to stderr, so that pipes carry nothing else than data.
 */
import type { Writable } from 'node:stream'
import { type ExitCode, errorCodeOf, exitCodes } from '../exit-code.ts'

export interface Report {
  /** What `--json` prints, on one line. */
  readonly document: unknown
  /** What people see on stdout: text that a line end is added to, or bytes written as they are. */
  readonly text?: string | Uint8Array
  /** What people see on stderr. */
  readonly note?: string
  readonly exitCode?: ExitCode
}

/** Terminal is where a command writes. */
export interface Terminal {
  readonly stdout: Writable
  readonly stderr: Writable
}

/** present writes a report and returns the exit code. */
export function present({ stdout, stderr }: Terminal, report: Report, format: 'json' | 'text'): ExitCode {
  if (format === 'json') stdout.write(jsonLine(report.document))
  else {
    if (typeof report.text === 'string') stdout.write(`${report.text}\n`)
    else if (report.text !== undefined) stdout.write(report.text)
    if (report.note !== undefined) stderr.write(`${report.note}\n`)
  }
  return report.exitCode ?? exitCodes.ok
}

/** jsonLine is one line of NDJSON. */
export function jsonLine(document: unknown): string {
  return `${JSON.stringify(document)}\n`
}

/** errorLine is what stderr gets of an error: one line with its code, or the stack of an error that nobody foresaw. */
export function errorLine(error: unknown): string {
  const code = errorCodeOf(error)
  if (code !== undefined) return `ringhold: ${code}: ${(error as Error).message.replace(/\s*[\r\n]+\s*/g, ' ')}\n`
  return `ringhold: unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
}
