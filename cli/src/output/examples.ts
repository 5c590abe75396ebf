/** examples opens the help of a command: what to type comes before what it all means. */
export function examples(...lines: string[]): string {
  return ['Examples:', ...lines.map((line) => `  ${line}`), ''].join('\n')
}
