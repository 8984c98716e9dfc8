import { dirname } from 'node:path'
import type { Backbone } from './backbone.js'
import type { Accepted } from './order-book.js'
import { ORDERS, type OrderMode } from './orders.js'
import { urlOf } from './postgres.js'
import { connectRedis } from './redis-client.js'

/*
 * What became of the orders of a run: what clients were told, and what is written.
 */

/** The orders of one client. */
export interface ClientOrders {
  readonly client: number
  readonly placed: number
  readonly failed: number
  readonly accepted: readonly Accepted[]
}

export interface OrderVerdict {
  readonly mode: OrderMode
  placed: number
  accepted: number
  /** Acks that said that the order has failed. */
  failed: number
  /** Accepted, and not written. */
  lost: number
  /** Written more than once. */
  twice: number
  /** Accepted with a reply that no written order has. */
  strange: number
  /** Orders that were written before an earlier one of their client. */
  unordered: number
  /** Only in one transaction: written without an ack that is kept, and kept acks of what is not written. */
  halves: number
}

/** An order that was written, by the number that the handler has replied with. */
interface Written {
  readonly n: number
  readonly client: number
  readonly number: number
}

interface Kept {
  readonly written: readonly Written[]
  /** The replies of the acks that are kept, if they are in one database with what is written. */
  readonly replies?: readonly number[]
}

async function readRedis(path: string): Promise<Kept> {
  const redis = await connectRedis(path)
  const lines = await redis.lRange(ORDERS, 0, -1)
  redis.destroy()
  const written = lines.map((line, index) => {
    const [client, number] = line.split(' ').map(Number)
    return { n: index + 1, client: client as number, number: number as number }
  })
  return { written }
}

async function readPostgres(path: string): Promise<Kept> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: urlOf(dirname(path)) })
  await client.connect()
  const { rows } = await client.query(`SELECT n::int, client, number FROM ${ORDERS} ORDER BY n`)
  const acks = await client.query('SELECT ack FROM "fastify-namespaces_claims" WHERE ack IS NOT NULL')
  await client.end()
  return { written: rows, replies: acks.rows.map(({ ack }) => Number(JSON.parse(ack).data)) }
}

export async function judgeOrders(
  mode: OrderMode,
  { broker }: Backbone,
  clients: readonly ClientOrders[],
): Promise<OrderVerdict> {
  const path = String(broker?.path)
  const { written, replies = [] } = await (path.endsWith('.sock') ? readRedis(path) : readPostgres(path))
  const verdict: OrderVerdict = {
    mode,
    ...{ placed: 0, accepted: 0, failed: 0, lost: 0, twice: 0, strange: 0, unordered: 0, halves: 0 },
  }
  const all = new Map(clients.map(({ client }) => [client, [] as Written[]]))
  for (const order of written) all.get(order.client)?.push(order)
  for (const each of clients) judgeClient(each, all.get(each.client) as Written[], verdict)
  if (mode === 'transaction') {
    const [rows, acks] = [new Set(written.map(({ n }) => n)), new Set(replies)]
    const missing = (set: Set<number>, other: Set<number>) => [...set].filter((n) => !other.has(n)).length
    verdict.halves = missing(rows, acks) + missing(acks, rows)
  }
  return verdict
}

function judgeClient({ placed, failed, accepted }: ClientOrders, written: readonly Written[], verdict: OrderVerdict) {
  verdict.placed += placed
  verdict.failed += failed
  verdict.accepted += accepted.length
  const found = new Map<number, number[]>()
  let last = 0
  for (const { n, number } of written) {
    const places = found.get(number)
    if (places) {
      verdict.twice++
      places.push(n)
      continue
    }
    found.set(number, [n])
    if (number < last) verdict.unordered++
    last = Math.max(last, number)
  }
  for (const [number, reply] of accepted) {
    const places = found.get(number)
    if (!places) verdict.lost++
    else if (!places.includes(reply)) verdict.strange++
  }
}
