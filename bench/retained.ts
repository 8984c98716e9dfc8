import Fastify from 'fastify'
import { Type } from 'typebox'
import namespaces, { defineNamespace } from '../plugin/index.js'

/*
 * What an emit costs that is kept for those who join later, without an adapter and without clients; and what a join costs that is given
 * so many values, with its client in the same process. Microseconds of CPU, the median of the rounds. `again` is the noise.
 */

const EMITS = 20_000
const JOINS = 50
const ROUNDS = 9

const payload = Type.Object({ symbol: Type.String(), value: Type.Number() })
const key = ({ symbol }: { symbol: string }) => symbol
const emits = {
  'price:plain': { payload },
  'price:again': { payload },
  'price:last': { payload, retain: 1 },
  'price:list': { payload, retain: 100 },
  'price:key': { payload, retain: { key } },
}

const app = Fastify()
const market = defineNamespace({ emits })
const board = defineNamespace({
  schema: { params: Type.Object({ id: Type.String() }) },
  emits: { 'price:key': { payload, retain: { key } } },
})
await app.register(namespaces, { namespaces: { '/market': market, '/boards/:id': board } })
await app.ready()

async function measure(times: number, run: (at: number) => unknown): Promise<number> {
  const before = process.cpuUsage()
  for (let at = 0; at < times; at++) await run(at)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0
}

const figures = new Map<string, number[]>()
const note = (name: string, figure: number) => figures.set(name, [...(figures.get(name) ?? []), figure])

for (const values of [1, 100, 1_000]) {
  const reach = app.namespaceOf(board, { id: `${values}` })
  for (let at = 0; at < values; at++) reach.emit('price:key', { symbol: `symbol-${at}`, value: at })
}

for (let round = 0; round < ROUNDS; round++) {
  const reach = app.namespaceOf(market)
  for (const name of Object.keys(emits) as (keyof typeof emits)[]) {
    note(name, await measure(EMITS, (at) => reach.emit(name, { symbol: `symbol-${at % 500}`, value: at })))
  }
  for (const id of ['none', 'none again', '1', '100', '1000']) {
    const join = async () => (await app.injectSocket(`/boards/${encodeURIComponent(id)}`)).close()
    note(`join, ${id} values`, await measure(JOINS, join))
  }
}
console.log('| | us of CPU |\n| --- | --: |')
for (const [name, all] of figures) console.log(`| ${name} | ${medianOf(all).toFixed(2)} |`)
await app.close()
process.exit()
