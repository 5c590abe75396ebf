/** The end-of-run summary of `steady`: what one wants to know, in ten lines. */

/** SummaryData is what k6 hands to handleSummary, as far as it is read here. */
export interface SummaryData {
  readonly metrics: Readonly<Record<string, Metric | undefined>>
}

interface Metric {
  readonly values: Readonly<Record<string, number>>
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>
}

/** summaryText lays out rate, latency by operation, and which thresholds held. */
export function summaryText(title: string, { metrics }: SummaryData): string {
  const figure = (metric: string, value: string): number => metrics[metric]?.values[value] ?? 0
  const latency = (label: string, metric: string): string => {
    const parts = ['avg', 'med', 'p(90)', 'p(99)', 'max'].map((stat) => `${stat} ${ms(figure(metric, stat))}`)
    return `  ${label.padEnd(12)}${parts.join('   ')}`
  }
  const lines = [
    `${title}`,
    '',
    `  requests    ${figure('iterations', 'count')}, and ${figure('dropped_iterations', 'count')} not sent for want of virtual users`,
    latency('get', 'ringhold_get_ms'),
    latency('set', 'ringhold_set_ms'),
    `  hits        ${(100 * figure('ringhold_hits', 'rate')).toFixed(2)} %`,
    `  failures    ${figure('ringhold_failures', 'count')}`,
    `  421         ${figure('ringhold_wrong_owner', 'count')}`,
    '',
    ...thresholds(metrics).map(({ name, ok }) => `  ${ok ? '✓' : '✗'} ${name}`),
  ]
  return `\n${lines.join('\n')}\n\n`
}

function thresholds(metrics: SummaryData['metrics']): { name: string; ok: boolean }[] {
  return Object.entries(metrics).flatMap(([metric, entry]) =>
    Object.entries(entry?.thresholds ?? {}).map(([condition, { ok }]) => ({ name: `${metric}: ${condition}`, ok })),
  )
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`.padEnd(11)
}
