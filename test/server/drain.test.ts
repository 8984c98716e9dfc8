import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { io, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import {
  createMemoryStore,
  defineNamespace,
  type IdempotencyStore,
  type NamespacesOptions,
} from '../../plugin/index.js'
import { build, until, withResolvers } from '../plugin/harness.js'

/*
 * A server restarts while 500 clients send events. Every acked event was handled, and none was handled twice.
 */

t.setTimeout(600_000)

const CLIENTS = 500
// Their orders leave a busy machine time for the other clients.
const HANDLER_MS = 2_000
// Longer than the tests: only the stop ends a connection.
const PATIENCE_MS = 300_000

interface Order {
  readonly key: string
}

/** How often each order was handled, by its key. Both servers share it. */
type Deeds = Map<string, number>

/** A stop that has begun: handlers may wait for its end. */
interface Stop {
  ended?: Promise<void>
  /** How many have. */
  outlived: number
}

/**
 * A namespace whose handler waits up to `HANDLER_MS` and then records the order; with a stop, half of those that run when it begins
 * outlive it.
 */
function ordersOf(deeds: Deeds, { store, stop }: { store?: IdempotencyStore; stop?: Stop } = {}) {
  return defineNamespace({
    events: {
      'order:place': {
        ...(store && { idempotency: { key: (order) => (order as Order).key, store } }),
        handler: async (payload) => {
          const { key } = payload as Order
          const ms = Math.random() * HANDLER_MS
          await wait(ms)
          if (stop?.ended && ms > HANDLER_MS / 2) {
            await stop.ended
            stop.outlived++
          }
          deeds.set(key, (deeds.get(key) ?? 0) + 1)
          return key
        },
      },
    },
  })
}

/** A Socket.IO client that sends one order after another, and repeats each until it is acked. */
class OrderClient {
  readonly socket: Socket
  readonly acked: string[] = []
  readonly reasons: string[] = []
  connects = 0
  #isStopped = false
  readonly #ended: Promise<void>

  constructor(port: number, id: number) {
    this.socket = io(`http://127.0.0.1:${port}/orders`, {
      forceNew: true,
      transports: [id % 5 === 0 ? 'polling' : 'websocket'],
      timeout: PATIENCE_MS,
      reconnectionDelay: 50,
      // The longer the restart takes, the less it is disturbed by attempts.
      reconnectionDelayMax: 5_000,
    })
    this.socket.on('connect', () => this.connects++)
    this.socket.on('disconnect', (reason) => this.reasons.push(reason))
    this.#ended = this.#send(id)
  }

  async #send(id: number): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const key = `${id}:${number}`
      while (!(await this.#isAcked(key)));
      this.acked.push(key)
    }
  }

  async #isAcked(key: string): Promise<boolean> {
    try {
      const ack = await this.socket.emitWithAck('order:place', { key })
      if (ack.ok) return true
      if (ack.error.code !== 'FST_NSP_CLOSING') throw new Error(ack.error.code)
      // The server is closing: the order is sent again on the next connection.
      if (this.socket.connected) await new Promise((resolve) => this.socket.once('disconnect', resolve))
      return false
    } catch (error) {
      if ((error as Error).message === 'socket has been disconnected') return false
      throw error
    }
  }

  /** Waits for the last ack. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#ended
    this.socket.disconnect()
  }
}

/** Starts a server that neither its boot nor a ping ends, however busy the machine is. */
function start(t: Test, options: NamespacesOptions): Promise<FastifyInstance> {
  return build(t, { io: { pingTimeout: PATIENCE_MS }, ...options }, undefined, { pluginTimeout: 0 })
}

async function restart(t: Test, boot: () => Promise<FastifyInstance>, stop: { ended?: Promise<void> } = {}) {
  const first = await boot()
  await first.listen({ port: 0, host: '127.0.0.1' })
  const { port } = first.server.address() as AddressInfo
  const clients = Array.from({ length: CLIENTS }, (_, id) => new OrderClient(port, id))
  t.teardown(() => clients.map(({ socket }) => socket.disconnect()))
  await until(() => clients.every(({ acked }) => acked.length >= 2))

  const { promise, resolve } = withResolvers()
  stop.ended = promise
  await first.close()
  resolve()
  delete stop.ended
  const before = clients.map(({ acked }) => acked.length)

  const second = await boot()
  await second.listen({ port, host: '127.0.0.1' })
  await until(() => clients.every(({ acked }, id) => acked.length >= (before[id] as number) + 2))
  await Promise.all(clients.map((client) => client.stop()))
  return clients
}

function check(t: Test, clients: readonly OrderClient[], deeds: Deeds): void {
  const acked = clients.flatMap((client) => client.acked)
  t.comment(`${acked.length} orders`)
  t.strictSame([...deeds.keys()].sort(), acked.sort(), 'exactly the acked orders were handled')
  t.strictSame(
    [...deeds].filter(([, times]) => times > 1),
    [],
    'no order was handled twice',
  )
  t.ok(
    clients.every(({ connects }) => connects === 2),
    'every client has reconnected',
  )
}

t.test('when the server stops under load, events in flight are acked: none is lost or handled twice', async (t) => {
  const deeds: Deeds = new Map()
  // A bound, which nothing must wait for: this test would not see its end.
  const closeTimeoutMs = 600_000
  const clients = await restart(t, () => start(t, { closeTimeoutMs, namespaces: { '/orders': ordersOf(deeds) } }))
  check(t, clients, deeds)
  t.strictSame([...new Set(clients.flatMap(({ reasons }) => reasons.slice(0, 1)))], ['transport close'])
})

t.test('events of handlers that outlive the stop are sent again, and their keys prevent a second run', async (t) => {
  const deeds: Deeds = new Map()
  const store = createMemoryStore({ maxKeys: 1_000_000, maxBytes: 1_000_000_000 })
  const closeTimeoutMs = 100
  const stop: Stop = { outlived: 0 }
  const clients = await restart(
    t,
    () => start(t, { closeTimeoutMs, namespaces: { '/orders': ordersOf(deeds, { store, stop }) } }),
    stop,
  )
  check(t, clients, deeds)
  t.ok(stop.outlived > 0, `${stop.outlived} handlers have outlived the stop`)
})
