/** Medians of the rounds, and each figure of Ringhold beside the best of the others, and beside what could be at most. */
import { contestants } from './contestants.js'

const yardstick = contestants.find(({ isYardstick }) => isYardstick).name

const figures = ['perSecond', 'clientUs', 'serverUs', 'p50Ms', 'p99Ms']

/** summarise returns the median of each figure, by scenario and client. */
export function summarise(results) {
  const summary = {}
  for (const { scenario, client } of results) {
    const rounds = results.filter((result) => result.scenario === scenario && result.client === client)
    summary[scenario] ??= {}
    summary[scenario][client] = Object.fromEntries(
      figures.map((figure) => [figure, median(rounds.map((round) => round[figure]))]),
    )
  }
  return summary
}

/** tablesOf is the summary as text: all figures, then the ratios within the rounds. */
export function tablesOf(summary, results) {
  return `${figureTable(summary)}\n\n${ratioTable(summary, results)}\n`
}

function figureTable(summary) {
  const rows = [['', 'client', 'op/s', 'client µs/op', 'server µs/op', 'p50 ms', 'p99 ms']]
  for (const [scenario, clients] of Object.entries(summary)) {
    let label = scenario
    for (const [client, { perSecond, clientUs, serverUs, p50Ms, p99Ms }] of Object.entries(clients)) {
      const numbers = [Math.round(perSecond).toLocaleString('en'), clientUs.toFixed(2), serverUs.toFixed(2)]
      rows.push([label, client, ...numbers, p50Ms.toFixed(3), p99Ms.toFixed(3)])
      label = ''
    }
  }
  return aligned(rows)
}

function ratioTable(summary, results) {
  const rows = [
    ['Ringhold over the best other client', 'op/s', 'best other', 'client CPU', 'p99', `op/s of ${yardstick}`],
  ]
  for (const [scenario, { ringhold, [yardstick]: most, ...others }] of Object.entries(summary)) {
    const rivals = Object.entries(others)
    if (ringhold === undefined || rivals.length === 0) continue
    const [name] = rivals.reduce((a, b) => (b[1].perSecond > a[1].perSecond ? b : a))
    const over = (client, figure) => `${ratioOf(results, { scenario, client, figure }).toFixed(2)} ×`
    const ofMost = most === undefined ? '' : over(yardstick, 'perSecond')
    rows.push([scenario, over(name, 'perSecond'), name, over(name, 'clientUs'), over(name, 'p99Ms'), ofMost])
  }
  return aligned(rows)
}

/** ratioOf is the median of the ratios within the rounds: what was measured minutes apart is not compared. */
function ratioOf(results, { scenario, client, figure }) {
  const figureIn = (round, name) =>
    results.find((each) => each.round === round && each.scenario === scenario && each.client === name)[figure]
  const rounds = new Set(results.map(({ round }) => round))
  return median([...rounds].map((round) => figureIn(round, 'ringhold') / figureIn(round, client)))
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const cell = (text, column) =>
    /^[\d,.]+( ×)?$/.test(text) ? text.padStart(widths[column]) : text.padEnd(widths[column])
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}

/** median is the middle one of some numbers, or the mean of the middle two. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
