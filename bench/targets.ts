import type { ContenderName } from './contenders.js'
import type { Measured } from './measure.js'

/*
 * The targets of this package: how much a scenario may cost at most, as a ratio to bare. A run compares what it has measured.
 */

interface Target {
  readonly scenario: string
  readonly contender: ContenderName
  /** The highest ratio. */
  readonly most?: number
  /** The highest value in the unit of the scenario. */
  readonly mostValue?: number
  /** May cost at most so many times what this contender costs. */
  readonly timesOf?: readonly [contender: ContenderName, times: number]
  /** Must cost less than this contender. */
  readonly below?: ContenderName
  /** Its median latency must not be higher than that of this contender. */
  readonly p50Of?: ContenderName
}

/** Ratios of `ours` and `ours newest`, of `ours fast: false`, and of `ours no log`. */
const RATIOS: Readonly<Record<string, readonly [fast: number, slow: number, noLog?: number]>> = {
  'echo-4': [0.5, 1],
  'echo-1': [0.7, 1],
  'raw-4': [0.5, 1],
  binary: [0.6, 1],
  'broadcast-500': [0.7, 0.95],
  'broadcast-1000': [0.74, 0.95],
  // What ten senders send at once is one write for each of them. What one sends is nine writes, as by hand.
  relay: [0.5, 1.3],
  'relay-lone': [1, 1.3],
  'relay-4': [0.5, 1.3],
  paced: [0.78, 1.05],
  connect: [1.15, 1.3, 1],
  join: [1.4, 1.6, 1.1],
  'heap-1': [0.88, 1.05],
  'heap-5': [0.95, 1.05],
}

const FAST = ['ours', 'ours newest'] as const

export const TARGETS: readonly Target[] = [
  ...Object.entries(RATIOS).flatMap(([scenario, [fast, slow, noLog]]): Target[] => [
    ...FAST.map((contender) => ({ scenario, contender, most: fast })),
    { scenario, contender: 'ours fast: false', most: slow },
    ...(noLog === undefined ? [] : [{ scenario, contender: 'ours no log', most: noLog } as const]),
  ]),
  ...FAST.flatMap((contender): Target[] => [
    { scenario: 'broadcast-500', contender, below: 'ws' },
    { scenario: 'broadcast-1000', contender, below: 'ws' },
    { scenario: 'paced', contender, p50Of: 'bare' },
    { scenario: 'startup', contender, mostValue: 500 },
  ]),
  { scenario: 'stream', contender: 'ours', timesOf: ['ours emits', 1.2] },
  { scenario: 'broadcast-500', contender: 'ours conflated', timesOf: ['ours', 1.05] },
]

/** With more noise, a scenario says nothing about a target. */
export const MOST_NOISE = 0.05

export interface Verdict {
  readonly scenario: string
  readonly contender: string
  /** What is compared, and with whom, e.g. `ratio` or `ratio, below ws`. */
  readonly what: string
  readonly got: number
  readonly most: number
  readonly isMet: boolean
  readonly isNoisy: boolean
}

/** Compares with each target whose contenders were measured. */
export function compareTargets(measured: readonly Measured[]): Verdict[] {
  return TARGETS.flatMap((target) => {
    const scenario = measured.find(({ id }) => id === target.scenario)
    const compared = scenario && findValues(scenario, target)
    if (!compared) return []
    const [what, got, most] = compared
    const { contender } = target
    return [
      {
        scenario: scenario.id,
        contender,
        what,
        got,
        most,
        isMet: got <= most,
        // NaN, without a control, is noise
        isNoisy: !(scenario.noise <= MOST_NOISE),
      },
    ]
  })
}

function findValues(
  { figures, unit }: Measured,
  target: Target,
): [what: string, got: number, most: number] | undefined {
  const { contender, most, mostValue, timesOf, below, p50Of } = target
  const [base = below ?? p50Of, times = 1] = timesOf ?? []
  const of = (name: string | undefined) => figures.find((figure) => figure.contender === name)
  const own = of(contender)
  if (!own) return undefined
  if (most !== undefined) return ['ratio', own.ratio, most]
  if (mostValue !== undefined) return [unit, own.value, mostValue]
  const other = of(base)
  if (!other) return undefined
  if (timesOf) return [`ratio, ${times} times ${base}`, own.ratio, times * other.ratio]
  if (below !== undefined) return [`ratio, below ${below}`, own.ratio, other.ratio]
  return [`p50 ms, of ${p50Of}`, own.p50Ms ?? Number.NaN, other.p50Ms ?? Number.NaN]
}
