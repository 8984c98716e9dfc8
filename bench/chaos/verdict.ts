import { connectionOf, type Ledger, type MessageId } from './ledger.js'

/*
 * What the ledgers of a room say: what was delivered, twice, out of order, and missing.
 *
 * A message that one member has received was said to all. Who has not received it has a gap. The gap was told, if the client was
 * away when the message was delivered to others, and came back with `recovered: false`. Everything else is an untold gap.
 */

export interface Causes {
  losses: number
  recovered: number
  /** Milliseconds from when the client could come back until it had its room. */
  returns: number[]
}

export interface Verdict {
  sent: number
  acked: number
  /** Messages that somebody has received. */
  processed: number
  /** Messages that were acked, and that nobody has received. */
  vanished: number
  /** Pairs of a message and a client that was to receive it. */
  expected: number
  delivered: number
  twice: number
  told: number
  untold: number
  /** Untold gaps, by the cause of the client's last loss before them. */
  untoldBy: Record<string, number>
  /** Messages that arrived before an earlier one of the same connection of their sender. */
  unordered: number
  /** Messages that a member has received in another order than another one. */
  disagreed: number
  causes: Record<string, Causes>
  /** Clients that are not back at the end. */
  away: number
}

/** Clocks and queues differ by this much, in milliseconds. */
const SLACK_MS = 250

export function createVerdict(): Verdict {
  return {
    ...{ sent: 0, acked: 0, processed: 0, vanished: 0, expected: 0, delivered: 0, twice: 0, told: 0, untold: 0 },
    ...{ untoldBy: {}, unordered: 0, disagreed: 0, causes: {}, away: 0 },
  }
}

interface Span {
  first: number
  last: number
}

/** Adds what the ledgers of one room say. */
export function judge(members: readonly Ledger[], verdict: Verdict): void {
  const spans = new Map<MessageId, Span>()
  for (const { ids, times } of members) {
    for (const [index, id] of ids.entries()) {
      const at = times[index] as number
      const span = spans.get(id)
      if (!span) spans.set(id, { first: at, last: at })
      else Object.assign(span, { first: Math.min(span.first, at), last: Math.max(span.last, at) })
    }
  }
  verdict.processed += spans.size
  const longest = members.reduce((most, each) => (each.ids.length > most.ids.length ? each : most))
  const order = new Map(longest.ids.map((id, index) => [id, index]))
  for (const ledger of members) {
    verdict.sent += ledger.sent
    verdict.acked += ledger.acked.length
    verdict.vanished += ledger.acked.filter((id) => !spans.has(id)).length
    judgeOrder(ledger, order, verdict)
    judgeGaps(ledger, spans, verdict)
    judgeLosses(ledger, verdict)
  }
}

function judgeOrder({ ids }: Ledger, order: ReadonlyMap<MessageId, number>, verdict: Verdict): void {
  const seen = new Set<MessageId>()
  const lastOf = new Map<number, MessageId>()
  let place = -1
  for (const id of ids) {
    if (seen.has(id)) verdict.twice++
    else {
      seen.add(id)
      // What was under way in a lost connection may be handled later than what its client sends over the next one.
      const connection = connectionOf(id)
      if (id < (lastOf.get(connection) ?? 0)) verdict.unordered++
      lastOf.set(connection, id)
      const here = order.get(id) ?? place
      if (here < place) verdict.disagreed++
      place = here
    }
  }
}

function judgeGaps({ ids, readyAt, losses }: Ledger, spans: ReadonlyMap<MessageId, Span>, verdict: Verdict): void {
  if (readyAt === undefined) return
  const received = new Set(ids)
  const told = losses.filter(({ isRecovered }) => !isRecovered)
  for (const [id, { first, last }] of spans) {
    // Said while it joined: nobody can know.
    if (first < readyAt + SLACK_MS) continue
    verdict.expected++
    if (received.has(id)) verdict.delivered++
    else if (
      told.some(
        ({ heardAt, backAt = Number.POSITIVE_INFINITY }) => last >= heardAt - SLACK_MS && first <= backAt + SLACK_MS,
      )
    )
      verdict.told++
    else {
      verdict.untold++
      const cause = losses.findLast(({ at }) => at <= last)?.cause ?? 'no loss'
      verdict.untoldBy[cause] = (verdict.untoldBy[cause] ?? 0) + 1
    }
  }
}

function judgeLosses({ losses, readyAt }: Ledger, verdict: Verdict): void {
  for (const { cause, mayReturnAt, backAt, isRecovered } of losses) {
    verdict.causes[cause] ??= { losses: 0, recovered: 0, returns: [] }
    const causes = verdict.causes[cause]
    causes.losses++
    if (isRecovered) causes.recovered++
    if (backAt !== undefined) causes.returns.push(Math.max(0, backAt - mayReturnAt))
  }
  const last = losses.at(-1)
  if (readyAt === undefined || (last && last.backAt === undefined)) verdict.away++
}

/** Adds a verdict of another process. */
export function addVerdict(sum: Verdict, other: Verdict): void {
  const totals = sum as unknown as Record<string, number>
  for (const [name, value] of Object.entries(other))
    if (typeof value === 'number') totals[name] = Number(totals[name]) + value
  for (const [cause, count] of Object.entries(other.untoldBy)) sum.untoldBy[cause] = (sum.untoldBy[cause] ?? 0) + count
  for (const [cause, { losses, recovered, returns }] of Object.entries(other.causes)) {
    sum.causes[cause] ??= { losses: 0, recovered: 0, returns: [] }
    const causes = sum.causes[cause]
    causes.losses += losses
    causes.recovered += recovered
    causes.returns.push(...returns)
  }
}
