import { BASE, CONTENDERS, CONTROL, OURS } from './contenders.js'
import type { Effort } from './figure.js'
import type { Scenario } from './scenarios.js'

/*
 * `--quick`: fewer rounds, and the scenarios and contenders that are left out.
 */

export const QUICK: Effort = { sliceMs: 40, warmUp: 1, isWarm: false, rounds: 4, starts: 1, connections: 150 }

/** Left out: another scenario shows nearly the same. */
const ALIKE: readonly string[] = ['broadcast-1000', 'undeclared-500', 'except']

/** Only these scenarios run with the peers: peers are slow, and three scenarios show how slow. */
const WITH_PEERS: readonly string[] = ['echo-4', 'raw-4', 'broadcast-500']

/** Each figure of these kinds needs a new process, so only bare and ours are measured. */
const FRESH: readonly string[] = ['heap', 'startup']

/** Needs the registry, and differs from ours only if a release has changed something. */
const NEWEST = 'ours newest'

const NAMES = CONTENDERS.map(({ name }) => name)
const PEERS = CONTENDERS.filter(({ isPeer }) => isPeer).map(({ name }) => name)
const OTHERS = NAMES.filter((name) => ![BASE, CONTROL, ...OURS].includes(name))

export interface QuickRun {
  readonly scenarios: readonly Scenario[]
  readonly names: readonly string[]
  /** A line that says what is left out. */
  readonly leftOut: string
}

/** Returns the scenarios and the contenders of a quick run. */
export function shorten(scenarios: readonly Scenario[], names: readonly string[]): QuickRun {
  const fresh = scenarios.filter(({ kind }) => FRESH.includes(kind)).map(({ id }) => id)
  return {
    names: names.filter((name) => name !== NEWEST),
    scenarios: scenarios
      .filter(({ id }) => !ALIKE.includes(id))
      .map((scenario) => ({ ...scenario, without: [...scenario.without, ...absent(scenario)] })),
    leftOut:
      `Quick, so these figures are rough. Left out: ${NEWEST}; ${ALIKE.join(', ')}; of ${fresh.join(', ')} all but bare and ours; ` +
      `${PEERS.join(', ')}, but for ${WITH_PEERS.join(', ')}.`,
  }
}

function absent({ id, kind }: Scenario): Scenario['without'] {
  if (FRESH.includes(kind)) return OTHERS
  return WITH_PEERS.includes(id) ? [] : PEERS
}
