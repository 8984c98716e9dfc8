import t from 'tap'
import { fingerprintOf } from '../../../../plugin/events/once/payload-fingerprint.js'
import { createMemoryStore, type IdempotencyStore, type NamespacesOptions } from '../../../../plugin/index.js'
import { build, client, logLines, until, withResolvers } from '../../harness.js'

/*
 * An event with a key, from its claim to the ack that is kept.
 */

const REUSED = { ok: false, error: { code: 'FST_NSP_KEY_REUSED', statusCode: 422 } }
const INTERNAL = { ok: false, error: { code: 'FST_NSP_INTERNAL', statusCode: 500 } }

/** A store with some methods of its own. */
const storeWith = (methods: (store: IdempotencyStore) => Partial<IdempotencyStore>): IdempotencyStore => {
  const store = createMemoryStore()
  return { ...store, ...methods(store) }
}

const lost = () => Promise.reject(Object.assign(new Error('lost'), { code: 'FST_NSP_CLAIM_LOST' }))

t.test('the same key with another payload is refused, and the handler does not run', async (t) => {
  let calls = 0
  const { socket } = await client(t, {
    events: { order: { idempotency: { key: () => 'k' }, handler: () => ++calls } },
  })
  t.strictSame(await socket.emitWithAck('order', { item: 'bread', count: 1 }), { ok: true, data: 1 })
  t.match(await socket.emitWithAck('order', { item: 'bread', count: 2 }), REUSED)
  t.match(await socket.emitWithAck('order'), REUSED)
  t.strictSame(
    await socket.emitWithAck('order', { count: 1, item: 'bread' }),
    { ok: true, data: 1 },
    'in another order',
  )
  t.equal(calls, 1)
})

t.test('it is the payload as the client has sent it that counts', async (t) => {
  let calls = 0
  const { socket } = await client(t, {
    eventHooks: {
      preHandler: ({ event }) => {
        ;(event.payload as { at: number }).at = performance.now()
      },
    },
    events: {
      order: {
        payload: { type: 'object', properties: { count: { type: 'integer' } } },
        idempotency: { key: () => 'k' },
        handler: () => ++calls,
      },
    },
  })
  for (let repeat = 0; repeat < 2; repeat++)
    t.strictSame(await socket.emitWithAck('order', { count: 1 }), { ok: true, data: 1 })
})

t.test('a fingerprint tells payloads apart, and not the order of their properties', async (t) => {
  const bytes = Buffer.from([1, 2, 3])
  const payloads = [
    undefined,
    null,
    1,
    '1',
    1n,
    true,
    [],
    [1, 2],
    [[1], 2],
    {},
    { a: 1 },
    { a: '1' },
    { a: undefined },
    { a: { b: [1, { c: 2 }] } },
    bytes,
    Buffer.from([1, 2]),
    bytes.toString('base64'),
    { bytes },
    new Date(0),
    new Date(1_000),
  ]
  const prints = payloads.map(fingerprintOf)
  // A bigint is the number that it is; no parser gives both.
  t.equal(new Set(prints).size, payloads.length - 1)
  for (const print of prints) t.match(print, /^[\w-]{43}$/)
  t.equal(fingerprintOf({ a: 1, b: { c: 2, d: 3 } }), fingerprintOf({ b: { d: 3, c: 2 }, a: 1 }))
  t.equal(
    fingerprintOf(new Uint8Array([1, 2, 3]).buffer),
    fingerprintOf(bytes),
    'the kind of binary data does not count',
  )
  t.equal(fingerprintOf(new Uint8Array([0, 1, 2, 3]).subarray(1)), fingerprintOf(bytes))
})

t.test('each user has keys of its own, and sockets without a user share theirs', async (t) => {
  const calls: unknown[] = []
  const options: NamespacesOptions = {
    userIdOf: ({ query }) => (query as { user?: string }).user,
    namespaces: {
      '/chat': {
        events: {
          order: {
            idempotency: { key: () => 'k' },
            handler: (_payload, { request }) => calls.push((request.query as { user?: string }).user),
          },
        },
      },
    },
  }
  const app = await build(t, options)
  const join = (user?: string) => app.injectSocket('/chat', user ? { query: { user } } : {})
  for (const user of ['ada', 'ben', 'ada', undefined, undefined]) {
    const socket = await join(user)
    t.match(await socket.emitWithAck('order'), { ok: true })
  }
  t.strictSame(calls, ['ada', 'ben', undefined])
})

t.test('an ack goes out when it is kept, and not before', async (t) => {
  const kept = withResolvers()
  const settling: string[] = []
  const { socket } = await client(t, {
    events: {
      ping: { handler: () => undefined },
      order: {
        idempotency: {
          key: (how) => how as string,
          store: storeWith((store) => ({
            async settle(token, ack) {
              settling.push(ack)
              await kept.promise
              await store.settle(token, ack)
            },
          })),
        },
        handler: (how: unknown) => {
          if (how === 'refuse') throw Object.assign(new Error('no'), { statusCode: 404, expose: true })
          return 1
        },
      },
    },
  })
  const answered: unknown[] = []
  const acks = ['reply', 'refuse'].map((how) => socket.emitWithAck('order', how))
  for (const ack of acks) void ack.then((envelope) => answered.push(envelope))
  await until(() => settling.length === 2)
  // What was sent before this ack has arrived before it.
  t.match(await socket.emitWithAck('ping'), { ok: true })
  t.strictSame(answered, [])
  kept.resolve()
  t.match(await Promise.all(acks), [
    { ok: true, data: 1 },
    { ok: false, error: { statusCode: 404 } },
  ])
})

t.test('the lease of a handler that runs is renewed, until it has ended', async (t) => {
  const renewed: string[] = []
  const [held, heldOther] = [withResolvers(), withResolvers()]
  let calls = 0
  const { socket } = await client(t, {
    events: {
      order: {
        handlerTimeoutMs: 0,
        idempotency: {
          key: (what) => what as string,
          // Longer than a busy machine stands still: a lease that ends runs the handler twice.
          leaseMs: 1_500,
          store: storeWith((store) => ({
            renew(token) {
              renewed.push(token)
              if (renewed.length === 1) throw new Error('a failure is no loss')
              return store.renew(token)
            },
          })),
        },
        handler: async (what) => {
          const call = ++calls
          await (what === 'other' ? heldOther : held).promise
          return call
        },
      },
    },
  })
  const both = [socket.emitWithAck('order', 'k'), socket.emitWithAck('order', 'k')]
  await until(() => renewed.length > 3)
  // One timer renews all leases of an event.
  const other = socket.emitWithAck('order', 'other')
  await until(() => new Set(renewed).size === 2)
  held.resolve()
  t.strictSame(await Promise.all(both), Array(2).fill({ ok: true, data: 1 }))
  const { length } = renewed
  await until(() => renewed.length > length + 1)
  t.notOk(renewed.slice(length).includes(renewed[0] as string), 'only the other is renewed')
  heldOther.resolve()
  t.strictSame(await other, { ok: true, data: 2 })
  t.strictSame(await socket.emitWithAck('order', 'k'), { ok: true, data: 1 })
})

t.test('if the claim is lost and nobody has the key, the ack is kept all the same', async (t) => {
  let calls = 0
  let isLost = true
  const { socket, lines } = await client(t, {
    events: {
      order: {
        idempotency: {
          key: () => 'k',
          store: storeWith((store) => ({
            async settle(token, ack) {
              if (!isLost) return store.settle(token, ack)
              // As if the store had lost its data.
              isLost = false
              await store.release(token)
              return lost()
            },
          })),
        },
        handler: () => ++calls,
      },
    },
  })
  t.strictSame(await socket.emitWithAck('order'), { ok: true, data: 1 })
  t.strictSame(await socket.emitWithAck('order'), { ok: true, data: 1 }, 'a retry')
  t.match(
    lines.find(({ code }) => code === 'FST_NSP_CLAIM_LOST'),
    { level: 40, event: 'order', msg: 'the lease of the key has ended: its handler may have run twice' },
  )
})

t.test('if another event has taken the key over, its ack answers both', async (t) => {
  const { socket } = await client(t, {
    events: {
      order: {
        idempotency: {
          key: () => 'k',
          store: storeWith((store) => ({
            async settle(token, ack) {
              await store.settle(token, ack.replace('1', '2'))
              return lost()
            },
          })),
        },
        handler: () => 1,
      },
    },
  })
  t.strictSame(await socket.emitWithAck('order'), { ok: true, data: 2 })
  t.strictSame(await socket.emitWithAck('order'), { ok: true, data: 2 })
})

t.test('a claim that is lost twice, or to another payload, is an error', async (t) => {
  for (const [again, expected] of [
    [{ token: 'again' }, INTERNAL],
    ['mismatch', REUSED],
  ] as const) {
    let claims = 0
    const { socket } = await client(t, {
      events: {
        order: {
          idempotency: {
            key: () => 'k',
            store: storeWith(() => ({
              claim: async () => (++claims === 1 ? { token: 'first' } : again),
              settle: lost,
            })),
          },
          handler: () => 1,
        },
      },
    })
    t.match(await socket.emitWithAck('order'), expected)
  }
})

t.test('in place of an ack that is too long, an error is kept: a retry does not run the handler again', async (t) => {
  let calls = 0
  const { socket, lines } = await client(t, {
    events: {
      order: {
        idempotency: { key: () => 'k', store: createMemoryStore({ maxAckBytes: 500 }) },
        handler: () => {
          calls++
          return '€'.repeat(200)
        },
      },
    },
  })
  t.strictSame(await socket.emitWithAck('order'), { ok: true, data: '€'.repeat(200) })
  const again = await socket.emitWithAck('order')
  t.match(again, { ok: false, error: { code: 'FST_NSP_ACK_TOO_LARGE', statusCode: 500, message: /was handled/ } })
  t.equal(calls, 1)
  t.match(
    lines.find(({ code }) => code === 'FST_NSP_ACK_TOO_LARGE'),
    { level: 40, event: 'order', bytes: 621, maxAckBytes: 500 },
  )
})

t.test('an invalid reply after the timeout is logged if it can not be kept', async (t) => {
  const held = withResolvers<unknown>()
  const { socket, lines } = await client(
    t,
    {
      events: {
        order: {
          reply: { type: 'integer' },
          idempotency: {
            key: () => 'k',
            store: storeWith(() => ({ settle: () => Promise.reject(new Error('down')) })),
          },
          handler: () => held.promise as Promise<number>,
        },
      },
    },
    { handlerTimeoutMs: 20 },
  )
  t.match(await socket.emitWithAck('order'), { error: { code: 'FST_NSP_HANDLER_TIMEOUT' } })
  held.resolve('no number')
  await until(() => lines.some(({ msg }) => msg === 'observer failed'))
})

t.test('the stores of an application are opened once when it boots, and closed with it', async (t) => {
  const told: unknown[] = []
  const { lines, logger } = logLines()
  const store = storeWith(() => ({
    async open(log) {
      log.info('the store is open')
      told.push('open')
    },
    async close() {
      told.push('close')
      throw new Error('it can not be closed')
    },
  }))
  const idempotency = { key: () => 'k', store }
  const handler = () => 1
  const namespaces = {
    '/one': { events: { a: { idempotency, handler }, b: { idempotency, handler } } },
    '/two/:id': { events: { a: { idempotency, handler }, b: { idempotency: { key: () => 'k' }, handler } } },
  }
  const app = await build(t, { namespaces }, undefined, { logger })
  await app.ready()
  t.strictSame(told, ['open'])
  t.ok(lines.some(({ msg }) => msg === 'the store is open'))
  await app.close()
  t.strictSame(told, ['open', 'close'])
  t.match(
    lines.find(({ msg }) => msg === 'an idempotency store could not be closed'),
    { level: 50, err: { message: 'it can not be closed' } },
  )

  const opens = storeWith(() => ({ open: async () => void told.push('opens') }))
  const other = await build(t, {
    namespaces: { '/one': { events: { a: { idempotency: { key: () => 'k', store: opens }, handler } } } },
  })
  await other.ready()
  await other.close()
  t.equal(told.at(-1), 'opens', 'a store need not be closed')
})
