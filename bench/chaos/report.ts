import type { OrderVerdict } from './order-verdict.js'
import type { Outcome } from './scenario.js'
import { renderTable } from './table.js'
import type { Causes } from './verdict.js'

/*
 * The tables of a chaos run, and what it asserts.
 */

const percent = (part: number, whole: number) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(2)} %`)

/** The value below which a share of the values is. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

const allReturns = ({ causes }: Outcome) => Object.values(causes).flatMap(({ returns }) => returns)

export function renderTotals(outcomes: readonly Outcome[]): string {
  const rows: readonly (readonly [name: string, of: (outcome: Outcome) => unknown])[] = [
    ['sent', ({ sent }) => sent],
    ['acked', ({ acked }) => acked],
    ['processed', ({ processed }) => processed],
    ['acked, and never delivered to anybody', ({ vanished }) => vanished],
    ['deliveries due', ({ expected }) => expected],
    ['delivered', ({ delivered, expected }) => percent(delivered, expected)],
    ['delivered twice', ({ twice }) => twice],
    ['missing, and told', ({ told }) => told],
    ['**missing, and not told**', ({ untold }) => `**${untold}**`],
    ['out of the order of a sender’s connection', ({ unordered }) => unordered],
    ['in another order than somebody else', ({ disagreed }) => disagreed],
    ['reconnect p50, p99 (ms)', (each) => [0.5, 0.99].map((share) => quantile(allReturns(each), share)).join(', ')],
    ['never came back', ({ away }) => away],
    ['ghosts', ({ ghosts }) => ghosts],
    ['uncaught errors of nodes', ({ faults }) => faults],
  ]
  return renderTable(
    ['', ...outcomes.map(({ contender }) => contender)],
    rows.map(([name, of]) => [name, ...outcomes.map(of)]),
  )
}

export function renderCauses(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.flatMap(({ causes }) => Object.keys(causes)))].sort()
  const cell = ({ causes, untoldBy }: Outcome, name: string) => {
    const { losses, recovered, returns } = causes[name] ?? { losses: 0, recovered: 0, returns: [] as number[] }
    if (losses === 0) return '–'
    const gaps = untoldBy[name] ? `, ${untoldBy[name]} untold` : ''
    return `${percent(recovered, losses)} of ${losses}, p99 ${quantile(returns, 0.99)} ms${gaps}`
  }
  return renderTable(
    ['recovered after', ...outcomes.map(({ contender }) => contender)],
    names.map((name) => [name, ...outcomes.map((outcome) => cell(outcome, name))]),
  )
}

export function renderOrders(outcomes: readonly Outcome[]): string {
  const rows: readonly (readonly [name: string, of: (orders: OrderVerdict) => unknown])[] = [
    ['placed', ({ placed }) => placed],
    ['accepted', ({ accepted }) => accepted],
    ['acks that said that it has failed', ({ failed }) => failed],
    ['**accepted, and not written**', ({ lost }) => `**${lost}**`],
    ['accepted with a reply that is not written', ({ strange }) => strange],
    ['written twice', ({ twice }) => twice],
    ['written before an earlier one of its client', ({ unordered }) => unordered],
    ['written without an ack, or an ack without it', ({ mode, halves }) => (mode === 'transaction' ? halves : '–')],
  ]
  const judged = outcomes.flatMap(({ contender, orders }) => (orders ? [{ contender, orders }] : []))
  return renderTable(
    ['orders', ...judged.map(({ contender, orders }) => `${contender}, ${orders.mode}`)],
    rows.map(([name, of]) => [name, ...judged.map(({ orders }) => of(orders))]),
  )
}

const RECOVERED = 0.999
const RETURN_MS = 5_000
const HALF_OPEN = 0.99

/** What an outcome of our own adapter breaks. */
export function problemsOf(outcome: Outcome): string[] {
  const problems: string[] = []
  const claim = (holds: boolean, problem: string) => {
    if (!holds) problems.push(`${outcome.contender}: ${problem}`)
  }
  claim(outcome.untold === 0, `${outcome.untold} gaps were not told`)
  claim(outcome.twice === 0, `${outcome.twice} deliveries came twice`)
  claim(outcome.unordered + outcome.disagreed === 0, 'deliveries came out of order')
  claim(outcome.away === 0, `${outcome.away} clients never came back`)
  claim(outcome.ghosts === 0, `${outcome.ghosts} sockets are ghosts`)
  claim(outcome.faults === 0, `${outcome.faults} errors were not caught`)
  const p99 = quantile(allReturns(outcome), 0.99)
  claim(p99 <= RETURN_MS, `reconnect p99 is ${p99} ms`)
  for (const [name, causes] of Object.entries(outcome.causes)) claimCause(name, causes, claim)
  if (outcome.orders) claimOrders(outcome.orders, claim)
  return problems
}

type Claim = (holds: boolean, problem: string) => void

function claimOrders(orders: OrderVerdict, claim: Claim): void {
  const { mode, placed, accepted, lost, strange, twice, unordered, halves } = orders
  claim(accepted === placed, `${placed - accepted} orders were not accepted`)
  claim(lost + strange === 0, `${lost + strange} accepted orders are not written as the client was told`)
  claim(unordered === 0, `${unordered} orders of a client are out of order`)
  claim(halves === 0, `${halves} orders or acks are there without the other`)
  // Without a transaction, a handler runs again if its node dies, or the server between its write and the ack.
  claim(mode === 'kept' || twice === 0, `${twice} orders were written twice`)
}

function claimCause(name: string, causes: Causes, claim: Claim): void {
  const { losses, recovered, returns } = causes
  claim(recovered >= RECOVERED * losses, `${name}: ${recovered} of ${losses} were recovered`)
  if (name !== 'half-open') return
  const soon = returns.filter((ms) => ms <= RETURN_MS).length
  claim(soon >= HALF_OPEN * losses, `${name}: ${soon} of ${losses} were back within ${RETURN_MS} ms`)
}
