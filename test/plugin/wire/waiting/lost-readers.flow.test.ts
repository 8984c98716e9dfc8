import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespace, type NamespacesOptions } from '../../../../plugin/index.js'
import { hasRedis } from '../../../cluster/redis.js'
import { CLIENTS } from '../../adapters/redis/broker-harness.js'
import { startTestRedis } from '../../adapters/redis/redis-server.js'
import { inBothModes } from '../../fast-path-harness.js'
import { build, listen, next, until } from '../../harness.js'
import { joinSlowly, webSocketOf } from './slow-client.js'

/*
 * A client that is lost while emits wait for it, and comes back: it receives what was dropped, or it was told.
 */

const Price = Type.Object({ symbol: Type.Integer(), value: Type.Integer() })
const prices = defineNamespace({
  emits: {
    'price:new': { payload: Price, conflate: ({ symbol }) => symbol },
    'line:new': { payload: Type.Integer(), dropOldest: 2 },
    end: { payload: Type.Integer() },
  },
})
const SYMBOLS = 3
const LINES = 30

/** A node with recovery, and its URL. */
async function start(t: Test, options: NamespacesOptions) {
  const app = await build(t, { ...options, io: { connectionStateRecovery: {} }, namespaces: { '/prices': prices } })
  return { app, port: await listen(app) }
}

interface Node {
  readonly app: FastifyInstance
  readonly port: number
}

/** Emits so many lines, prices between them, and `end`. Returns the newest price of each symbol. */
function emitAll({ app }: Node, first: number): number[] {
  const all = app.io.of('/prices')
  const newest: number[] = []
  for (let value = first; value < first + LINES; value++) {
    all.emit('line:new', value)
    all.emit('price:new', { symbol: value % SYMBOLS, value })
    newest[value % SYMBOLS] = value
  }
  all.emit('end', first + LINES)
  return newest
}

/** Loses a client after it has read `events` of what waits; it comes back to `there`. */
async function lose(t: Test, here: Node, there: Node, events: number): Promise<void> {
  const slow = await joinSlowly(t, here.app, here.port, '/prices')
  const { socket } = slow
  await slow.stall()
  emitAll(here, 0)
  // A price of each symbol, two lines, the notice, and the end.
  while ((await slow.waiting()) < SYMBOLS + 2 + 1 + 1);
  const cut = () => slow.events.length >= events && webSocketOf(socket).terminate()
  socket.onAny(cut)
  if (events === 0) cut()
  else webSocketOf(socket).resume()
  await until(() => !socket.connected)
  socket.offAny(cut)
  const newest = emitAll(here, LINES)
  Object.assign(socket.io, { uri: `http://127.0.0.1:${there.port}` })
  const back = next(socket, 'connect')
  socket.connect()
  await back
  t.equal(socket.recovered, true)
  await until(() => slow.events.some(([event, last]) => event === 'end' && last === 2 * LINES))
  socket.disconnect()

  let line = -1
  let isTold = false
  const values = new Map<number, number>()
  for (const [event, payload] of slow.events) {
    if (event === 'namespace:dropped') isTold = true
    if (event === 'line:new') {
      const isNext = payload === line + 1 || (isTold && Number(payload) > line)
      if (!isNext) t.fail(`line ${payload} after ${line}`)
      line = payload as number
      isTold = false
    }
    if (event === 'price:new') {
      const { symbol, value } = payload as { symbol: number; value: number }
      if (value <= (values.get(symbol) ?? -1)) t.fail(`price ${value} after ${values.get(symbol)}`)
      values.set(symbol, value)
    }
  }
  t.equal(line, 2 * LINES - 1, `the last line, lost after ${events}`)
  t.strictSame(
    newest.map((_, symbol) => values.get(symbol)),
    newest,
    `the newest prices, lost after ${events}`,
  )
}

const LOST_AFTER = [0, 1, 2, 3, 5, 6]

inBothModes(
  'in memory, a client that was slow and is lost misses no line untold, and no newest price',
  async (t, fast) => {
    const node = await start(t, { fast })
    for (const events of LOST_AFTER) await lose(t, node, node, events)
  },
)

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

t.test(
  'over Redis, a client that was slow and comes back to another node misses no line untold, and no newest price',
  { skip },
  async (t) => {
    const redis = await startTestRedis(t)
    const startNode = () => start(t, { adapter: { type: 'redis', client: CLIENTS.ioredis(redis) } })
    const [one, two] = [await startNode(), await startNode()]
    for (const events of LOST_AFTER) await lose(t, one, two, events)
  },
)
