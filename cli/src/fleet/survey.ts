/**
 * The survey: what every node of the fleet says of the fleet, asked from outside.
 *
 *      seeds ──► topologies ──► all members they name ──► topology of each member ──► survey
 *
 * It joins no view and trusts none: the same question goes to every node, and the answers are compared elsewhere.
 */
import { type Status, statuses } from '@ringhold/sdk/membership'
import { isOnRing, RingholdError, type Topology, type TopologyMember } from '@ringhold/sdk/protocol'
import { fetchTopology, silenceOf } from './node-api.ts'

/** What members that are held dead are given to answer: most refuse at once, a frozen one never answers. */
const deadAnswerMsMax = 1_000

export interface SurveyedMember {
  readonly name: string
  readonly url: string
  /** By the record that wins over all others. */
  readonly status: Status
  /** What the node itself says; undefined when it does not answer. */
  readonly view: Topology | undefined
  /** Why it does not answer. */
  readonly silence: string | undefined
}

export interface Survey {
  readonly fleet: string
  /** In order of names; members that have left are included. */
  readonly members: readonly SurveyedMember[]
}

/** surveyFleet rejects with RINGHOLD_NO_NODES when no seed answers. */
export async function surveyFleet(seeds: readonly string[], timeoutMs: number): Promise<Survey> {
  const answers = await Promise.all(seeds.map(async (url) => ({ url, ...(await ask(url, timeoutMs)) })))
  const first = answers.find(({ view }) => view !== undefined)?.view
  if (!first) throw noNodes(answers)
  const known = mergeMembers(answers.flatMap(({ view }) => (view?.fleet === first.fleet ? [view] : [])))
  const members = await Promise.all(
    known.map(async ({ name, url, status }): Promise<SurveyedMember> => {
      const asked = answers.find((answer) => answer.view?.node === name && answer.view.fleet === first.fleet)
      if (asked) return { name, url, status, view: asked.view, silence: undefined }
      if (status === 'left') return { name, url, status, view: undefined, silence: undefined }
      const answer = await ask(url, status === 'dead' ? Math.min(timeoutMs, deadAnswerMsMax) : timeoutMs)
      if (answer.view === undefined || answer.view.node === name) return { name, url, status, ...answer }
      return { name, url, status, view: undefined, silence: `${answer.view.node} answers there` }
    }),
  )
  return { fleet: first.fleet, members }
}

/** mergeMembers joins what topologies say of each name: the higher incarnation wins, then the later status. */
export function mergeMembers(views: readonly Topology[]): TopologyMember[] {
  const winners = new Map<string, TopologyMember>()
  for (const member of views.flatMap((view) => view.members)) {
    const known = winners.get(member.name)
    if (!known || compare(member, known) > 0) winners.set(member.name, member)
  }
  return [...winners.values()].sort((a, b) => byName(a.name, b.name))
}

/** byName orders names as people count: node-2 before node-10. */
export function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** viewsOf returns the topologies of the nodes that answered. */
export function viewsOf(survey: Survey): Topology[] {
  return survey.members.flatMap(({ view }) => (view ? [view] : []))
}

/** shownStatus is the status of a member, or `unreachable` where it should answer and does not. */
export function shownStatus({ status, view }: SurveyedMember): Status | 'unreachable' {
  return view === undefined && (isOnRing(status) || status === 'joining') ? 'unreachable' : status
}

/** isWhole tells whether every member is there: none dead, none unreachable. Members that left are not missed. */
export function isWhole(survey: Survey): boolean {
  return survey.members.every((member) => !['dead', 'unreachable'].includes(shownStatus(member)))
}

async function ask(url: string, timeoutMs: number): Promise<Pick<SurveyedMember, 'view' | 'silence'>> {
  try {
    return { view: await fetchTopology(url, timeoutMs), silence: undefined }
  } catch (error) {
    return { view: undefined, silence: silenceOf(error) }
  }
}

function compare(a: TopologyMember, b: TopologyMember): number {
  return a.incarnation - b.incarnation || statuses.indexOf(a.status) - statuses.indexOf(b.status)
}

function noNodes(answers: readonly { url: string; silence: string | undefined }[]): RingholdError {
  const reasons = answers.slice(0, 5).map(({ url, silence }) => `${url}: ${silence}`)
  return new RingholdError('RINGHOLD_NO_NODES', {
    detail: `no node answers (${reasons.join('; ')}${answers.length > 5 ? '; …' : ''}). Start a fleet with: npx ringhold up`,
  })
}
