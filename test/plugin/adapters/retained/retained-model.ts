import fc from 'fast-check'
import type { Broker, LogEntry, RetainedChange, RetainedValue } from '../../../../plugin/adapters/broker.js'
import { LOG_START } from '../../../../plugin/adapters/log/log-position.js'
import { RetainedBatch } from '../../../../plugin/adapters/retained/retained-batch.js'
import { retainedNameOf } from '../../../../plugin/adapters/retained/retained-name.js'

/*
 * What every broker does with retained values, in memory: change after change.
 */

const LOG = 3
const TTL_MS = 600_000

interface ChangePlan {
  readonly set: number
  readonly key: number
  readonly value: number | undefined
}

interface Run {
  /** How many values each set keeps. */
  readonly most: readonly number[]
  readonly steps: readonly Step[]
}

/** Entries that one node appends at once, or one that it appends again. */
type Step =
  | { readonly node: number; readonly entries: readonly (readonly ChangePlan[])[] }
  | { readonly node: number; readonly back: number }

const change: fc.Arbitrary<ChangePlan> = fc.record({
  set: fc.nat(1),
  key: fc.nat(4),
  value: fc.option(fc.nat(99), { nil: undefined, freq: 3 }),
})
const node = fc.nat(1)

export const runs: fc.Arbitrary<Run> = fc.record({
  most: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  steps: fc.array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          node,
          entries: fc.array(fc.array(change, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ node, back: fc.nat(3) }) },
    ),
    { minLength: 1, maxLength: 8 },
  ),
})

/** The changes of one after the other, without what an entry leaves out. */
class RetainedModel {
  readonly #sets = new Map<string, Map<string, string>>()

  change({ set, key, value, most }: RetainedChange): void {
    const values = this.#sets.get(set) ?? new Map<string, string>()
    this.#sets.set(set, values)
    values.delete(key)
    if (value === undefined) return
    values.set(key, value)
    for (const first of values.keys()) if (values.size > most) values.delete(first)
  }

  read(sets: readonly string[]): RetainedValue[] {
    return sets.flatMap((set) => [...(this.#sets.get(set) ?? [])].map(([key, value]) => ({ set, key, value })))
  }
}

let count = 0

/** Carries out a run with two brokers of one store. Returns what they have after each step, and what the model has. */
export async function carryOut({ most, steps }: Run, brokers: readonly Broker[]) {
  const run = `run ${++count}`
  const model = new RetainedModel()
  const sets = ['a', 'é\0'].map((name) => retainedNameOf(run, name))
  const appended: LogEntry[][] = brokers.map(() => [])
  const changeOf = ({ set, key, value }: ChangePlan): RetainedChange => ({
    set: String(sets[set]),
    key: retainedNameOf(String(key)),
    value: value === undefined ? undefined : JSON.stringify({ value, text: '\0\ud800"é' }),
    most: Number(most[set]),
    ttlMs: TTL_MS,
  })
  const found: [RetainedValue[], RetainedValue[]][] = []
  for (const step of steps) {
    const broker = brokers[step.node] as Broker
    const own = appended[step.node] as LogEntry[]
    if ('back' in step) {
      const again = own.at(-1 - step.back)
      if (again) await broker.append(LOG, again)
    } else {
      const entries = step.entries.map((plans) => {
        const batch = new RetainedBatch()
        for (const plan of plans) batch.add(changeOf(plan))
        for (const plan of plans) model.change(changeOf(plan))
        const entry = { node: `${run} ${step.node}`, number: own.length + 1, body: 'body' }
        own.push(plans.length === 0 ? entry : { ...entry, retained: batch.toChanges() })
        return own.at(-1) as LogEntry
      })
      const positions = await Promise.all(entries.map((entry) => broker.append(LOG, entry)))
      const { end } = await broker.readRetained(LOG, sets)
      if (end !== positions.at(-1)) throw new Error(`${end} is not the end: ${positions.join()}`)
    }
    const { values } = await (brokers[1 - step.node] as Broker).readRetained(LOG, sets)
    // In order within each set.
    found.push([sets.flatMap((set) => values.filter((value) => value.set === set)), model.read(sets)])
  }
  return found
}

const ROUNDS = 20
const MOST = 3

/**
 * All nodes change one set at once, `ROUNDS` times. Returns what is retained, and what the log says that is.
 *
 * @param set - its name
 */
export async function contend(brokers: readonly Broker[], set: string, log: number) {
  const append = async (broker: Broker, node: string) => {
    for (let number = 1; number <= ROUNDS; number++) {
      const value = number % 4 === 0 ? undefined : JSON.stringify([node, number])
      const retained = [{ set, key: String(number % 5), value, most: MOST, ttlMs: TTL_MS }]
      await broker.append(log, { node, number, body: JSON.stringify(retained), retained })
    }
  }
  await Promise.all(brokers.flatMap((broker, at) => [append(broker, `${at} a`), append(broker, `${at} b`)]))
  const model = new RetainedModel()
  const { entries } = await (brokers[0] as Broker).read(log, LOG_START, 1_000)
  for (const { body } of entries) for (const change of JSON.parse(body)) model.change(change)
  const { values, end } = await (brokers[0] as Broker).readRetained(log, [set])
  return { found: { values, end }, expected: { values: model.read([set]), end: entries.at(-1)?.position } }
}
