import { mock } from 'node:test'
import t from 'tap'
import { normalizeDefinition } from '../../../plugin/definition/normalize/normalize-definition.js'
import { decodeAck, encodeAck } from '../../../plugin/events/once/kept-ack.js'
import { type ClaimOptions, createMemoryStore, defineNamespace, type IdempotencyStore } from '../../../plugin/index.js'
import { client, until, withResolvers } from '../harness.js'

const FULL = { code: 'FST_NSP_KEYS_LIMIT', statusCode: 503 }
const TTL: ClaimOptions = { leaseMs: 1_000, ttlMs: 1_000, fingerprint: 'one payload' }
const LOST = { code: 'FST_NSP_CLAIM_LOST' }

/** Claims a free key and returns the token. */
async function begin(store: IdempotencyStore, key: string, options = TTL): Promise<string> {
  const claim = await store.claim(key, options)
  if (claim === 'mismatch' || 'ack' in claim) throw new Error(`${key} is taken: ${JSON.stringify(claim)}`)
  return claim.token
}

t.test('the first caller claims a key; every other caller receives the ack that the first one settles', async (t) => {
  const store = createMemoryStore()
  const token = await begin(store, 'a')
  t.not(await begin(store, 'b'), token, 'another key is another claim')
  const early = store.claim('a', TTL)
  await store.settle(token, '{"ok":true}')
  t.strictSame(await early, { ack: '{"ok":true}' }, 'a caller before settle()')
  const other = await begin(store, 'c')
  const { signal } = new AbortController()
  const signalled = store.claim('c', { ...TTL, signal })
  await store.settle(other, '{"ok":true}')
  t.strictSame(await signalled, { ack: '{"ok":true}' }, 'a caller whose signal has not aborted')
  t.strictSame(await store.claim('a', TTL), { ack: '{"ok":true}' }, 'a caller after settle()')
})

t.test('when a claim is released, exactly one waiting caller receives the next claim', async (t) => {
  const store = createMemoryStore()
  const token = await begin(store, 'a')
  const waiting = [0, 1, 2].map(() => store.claim('a', TTL))
  const settled: number[] = []
  for (const [index, claim] of waiting.entries()) void claim.then(() => settled.push(index))
  await store.release(token)
  const next = await waiting[0]
  t.match(next, { token: String })
  t.strictSame(settled, [0])
  await store.settle((next as { token: string }).token, 'done')
  t.strictSame(await Promise.all(waiting.slice(1)), [{ ack: 'done' }, { ack: 'done' }])

  const other = await begin(store, 'b')
  await store.release(other)
  await store.release(other)
  await store.release('never claimed')
  t.ok(await begin(store, 'b'))
})

t.test('when a lease has ended, a caller that waits receives the claim, and the one before is lost', async (t) => {
  let now = 0
  const store = createMemoryStore({ now: () => now })
  const lost = await begin(store, 'a')
  const waiting = store.claim('a', TTL)
  now = 1_000
  const newcomer = store.claim('a', TTL)
  const { token } = (await waiting) as { token: string }
  await t.rejects(store.settle(lost, 'late'), LOST)
  await t.rejects(store.renew(lost), LOST)
  await store.release(lost)
  await store.settle(token, 'in time')
  t.strictSame(await newcomer, { ack: 'in time' })
  t.strictSame(await store.claim('a', TTL), { ack: 'in time' })
})

t.test('a lease ends without another caller, too', async (t) => {
  const store = createMemoryStore()
  // Its timer does not keep a process alive.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const short = { ...TTL, leaseMs: 20 }
  const lost = await begin(store, 'a', short)
  const first = store.claim('a', { ...short, leaseMs: 60_000 })
  const second = store.claim('a', short)
  const { token } = (await first) as { token: string }
  await t.rejects(store.settle(lost, 'late'), LOST)
  await store.release(token)
  const next = (await second) as { token: string }
  await store.settle(next.token, 'ack')
  t.strictSame(await store.claim('a', TTL), { ack: 'ack' })
})

t.test('renew() begins a lease again, for callers that wait, too', async (t) => {
  let now = 0
  const store = createMemoryStore({ now: () => now })
  const token = await begin(store, 'a')
  const waiting = store.claim('a', TTL)
  now = 900
  await store.renew(token)
  now = 1_800
  const newcomer = store.claim('a', TTL)
  await store.settle(token, 'ack')
  t.strictSame(await Promise.all([waiting, newcomer]), [{ ack: 'ack' }, { ack: 'ack' }])

  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const other = await begin(store, 'b', { ...TTL, leaseMs: 20 })
  const later = store.claim('b', { ...TTL, leaseMs: 20 })
  // The timer of the lease rings, and finds that the lease goes on by the clock of the store.
  mock.timers.tick(40)
  await store.settle(other, 'late')
  t.strictSame(await later, { ack: 'late' })
})

t.test('a claim whose lease has ended is not lost as long as no other caller has received it', async (t) => {
  let now = 0
  const store = createMemoryStore({ now: () => now })
  const token = await begin(store, 'a')
  now = 5_000
  await store.renew(token)
  now = 50_000
  await store.settle(token, 'ack')
  t.strictSame(await store.claim('a', TTL), { ack: 'ack' })

  const lost = await begin(store, 'b')
  now = 60_000
  const next = await begin(store, 'b')
  await t.rejects(store.settle(lost, 'late'), LOST)
  await store.settle(next, 'in time')
})

t.test('the same key with another fingerprint is a mismatch, until the key is free', async (t) => {
  let now = 0
  const store = createMemoryStore({ now: () => now })
  const OTHER = { ...TTL, fingerprint: 'another payload' }
  const token = await begin(store, 'a')
  t.equal(await store.claim('a', OTHER), 'mismatch', 'in flight')
  const waiting = store.claim('a', TTL)
  now = 1_000
  t.equal(await store.claim('a', OTHER), 'mismatch', 'a caller waits for it')
  await store.settle(token, 'ack')
  t.strictSame(await waiting, { ack: 'ack' })
  t.equal(await store.claim('a', OTHER), 'mismatch', 'kept')
  now = 2_000
  const other = await begin(store, 'a', OTHER)
  t.equal(await store.claim('a', TTL), 'mismatch')
  now = 3_000
  const again = await begin(store, 'a')
  await t.rejects(store.settle(other, 'late'), LOST)
  await store.settle(again, 'ack')
})

t.test('an ack is kept for ttlMs, counted from settle()', async (t) => {
  let now = 0
  const store = createMemoryStore({ maxKeys: 10, now: () => now })
  const token = await begin(store, 'a', { ...TTL, ttlMs: 100 })
  now = 90
  await store.settle(token, '1')
  now = 189
  t.strictSame(await store.claim('a', TTL), { ack: '1' })
  now = 190
  t.ok(await begin(store, 'a'), 'the claim has expired')
})

t.test('a caller whose signal has aborted no longer waits', async (t) => {
  const store = createMemoryStore()
  const token = await begin(store, 'a')
  const { signal, abort } = controller()
  const leaver = store.claim('a', { ...TTL, signal })
  const stayer = store.claim('a', TTL)
  abort(new Error('gone'))
  await t.rejects(leaver, { message: 'gone' })
  await t.rejects(
    store.claim('a', { ...TTL, signal }),
    { message: 'gone' },
    'a caller whose signal has already aborted',
  )
  await store.release(token)
  t.match(await stayer, { token: String })
})

function controller() {
  const made = new AbortController()
  return { signal: made.signal, abort: (reason: Error) => made.abort(reason) }
}

t.test('when the store is full, the oldest acks are dropped, by number and by bytes', async (t) => {
  const store = createMemoryStore({ maxKeys: 2 })
  for (const key of ['a', 'b', 'c']) await store.settle(await begin(store, key), key)
  t.strictSame(await store.claim('c', TTL), { ack: 'c' })
  t.strictSame(await store.claim('b', TTL), { ack: 'b' })
  t.ok(await begin(store, 'a'), 'the oldest ack was dropped')

  const small = createMemoryStore({ maxBytes: 1_000 })
  for (const key of ['a', 'b', 'c']) await small.settle(await begin(small, key), 'x'.repeat(400))
  t.match(await small.claim('c', TTL), { ack: String })
  t.match(await small.claim('b', TTL), { ack: String })
  await small.release(await begin(small, 'a'))
  await small.settle(await begin(small, 'big'), '€'.repeat(400))
  t.ok(await begin(small, 'big'), 'an ack larger than the store is not kept')
})

t.test('a claim in flight is never dropped: a caller that needs its room is refused', async (t) => {
  const store = createMemoryStore({ maxKeys: 2 })
  const tokens = [await begin(store, 'a'), await begin(store, 'b')]
  await t.rejects(store.claim('c', TTL), FULL)
  const waiting = store.claim('a', TTL)
  await store.settle(tokens[0] as string, 'done')
  t.strictSame(await waiting, { ack: 'done' })
  t.ok(await begin(store, 'c'), 'the oldest ack was dropped for it')
  await t.rejects(store.claim('d', TTL), FULL)

  const small = createMemoryStore({ maxBytes: 10 })
  await begin(small, '12345678')
  await t.rejects(small.claim('123', TTL), FULL)
})

t.test('createMemoryStore() refuses an invalid bound', async (t) => {
  for (const bad of [0, -1, 1.5, '1', Number.NaN]) {
    t.throws(() => createMemoryStore({ maxKeys: bad as number }), {
      code: 'FST_NSP_OPTIONS_INVALID',
      message: `Option createMemoryStore.maxKeys must be a whole number from 1 on: got ${bad}`,
    })
  }
  t.throws(() => createMemoryStore({ maxBytes: 0 }), /createMemoryStore.maxBytes/)
  t.throws(() => createMemoryStore({ maxAckBytes: 0 }), /createMemoryStore.maxAckBytes/)
})

t.test('an ack is kept as JSON, with its attachments if it contains binary data', async (t) => {
  const plain = { ok: true as const, data: { a: [1, null, 'ä'] } }
  t.equal(await encodeAck(plain), JSON.stringify(plain))
  t.strictSame(decodeAck(await encodeAck(plain)), plain)
  const bytes = Buffer.from([0, 255, 1])
  const kinds = {
    buffer: bytes,
    view: new Uint8Array(new Uint8Array([9, ...bytes, 9]).buffer, 1, 3),
    list: [new Uint8Array(bytes).buffer, { blob: new Blob([bytes]) }],
  }
  const kept = decodeAck(await encodeAck({ ok: true, data: kinds }))
  t.strictSame(kept, { ok: true, data: { buffer: bytes, view: bytes, list: [bytes, { blob: bytes }] } })
  await t.rejects(encodeAck({ ok: true, data: 1n }), TypeError)
  t.throws(() => decodeAck('no JSON'), SyntaxError)
  t.throws(() => decodeAck('["61-0[{\\"_placeholder\\":true,\\"num\\":0}]"]'), { message: 'An attachment is missing' })
})

t.test('an async key is refused at boot', async (t) => {
  const idempotency = { key: async () => 'x' }
  t.throws(() => normalizeDefinition({ events: { e: { handler: () => {}, idempotency } } }, 'at'), {
    code: 'FST_NSP_DEFINITION_INVALID',
    message: /at\.events\["e"\]\.idempotency\.key must not be async/,
  })
})

const internal = { ok: false, error: { code: 'FST_NSP_INTERNAL', statusCode: 500 } }

t.test('an event with an invalid key is answered with an error, and its handler is not called', async (t) => {
  const keys: Record<string, () => unknown> = {
    number: () => 7,
    promise: () => Promise.reject(new Error('secret')),
    throws: () => {
      throw new Error('secret')
    },
    refuses: () => {
      throw Object.assign(new Error('a key is missing'), { statusCode: 400 })
    },
  }
  const { socket, lines } = await client(t, {
    events: {
      e: {
        idempotency: { key: (how: string) => keys[how]?.() as string },
        handler: () => t.fail('the handler was called'),
      },
    },
  })
  for (const how of ['number', 'promise', 'throws']) {
    const { error } = await socket.emitWithAck('e', how)
    t.match({ ok: false, error }, internal, how)
    const line = lines.find(({ errorId }) => errorId === error.details.id)
    t.match(line, { msg: 'event failed', err: { code: 'FST_NSP_KEY_INVALID' } }, how)
  }
  t.strictSame(await socket.emitWithAck('e', 'refuses'), {
    ok: false,
    error: { code: 'FST_NSP_REFUSED', statusCode: 400, message: 'a key is missing' },
  })
})

t.test('if the store fails, the event is answered with an error, and no event waits', async (t) => {
  const down = () => Promise.reject(new Error('the store is down'))
  const stores: Record<string, Partial<IdempotencyStore>> = {
    rejects: { claim: down },
    throws: {
      claim: () => {
        throw new Error('the store is down')
      },
    },
    'returns nothing': { claim: async () => undefined as never },
    'returns no token': { claim: async () => ({}) as never },
    'returns no ack': { claim: async () => ({ ack: 'no JSON' }) },
  }
  for (const [what, store] of Object.entries(stores)) {
    const { socket, lines } = await client(t, {
      events: {
        e: {
          idempotency: { key: () => 'k', store: { ...createMemoryStore(), ...store } },
          handler: () => t.fail('the handler was called'),
        },
      },
    })
    t.match(await socket.emitWithAck('e'), internal, what)
    t.match(
      lines.find(({ msg }) => msg === 'event failed'),
      { err: { code: 'FST_NSP_STORE_FAILED' } },
      what,
    )
  }
  const { socket, lines } = await client(t, {
    events: {
      settles: {
        idempotency: { key: (how) => how as string, store: { ...createMemoryStore(), settle: down } },
        handler: (how: unknown) => {
          if (how === 'refuse') throw Object.assign(new Error('no'), { statusCode: 404, expose: true })
          return 1
        },
      },
      releases: {
        idempotency: { key: () => 'k', store: { ...createMemoryStore(), release: down } },
        handler: () => {
          throw new Error('no')
        },
      },
    },
  })
  for (const how of ['reply', 'refuse']) {
    const { error } = await socket.emitWithAck('settles', how)
    t.match({ ok: false, error }, internal, 'an ack that is not kept is not sent')
    const line = lines.find(({ errorId }) => errorId === error.details.id)
    t.match(line, { msg: 'event failed', err: { code: 'FST_NSP_STORE_FAILED' } })
  }
  t.match(await socket.emitWithAck('releases'), internal)
  await until(() => lines.some(({ msg }) => msg === 'key could not be released'))
  t.match(
    lines.find(({ msg }) => msg === 'key could not be released'),
    { level: 50, event: 'releases', code: 'FST_NSP_STORE_FAILED', err: { code: 'FST_NSP_STORE_FAILED' } },
  )
})

t.test(
  'when the memory store is full of claims in flight, a further event is answered with FST_NSP_KEYS_LIMIT',
  async (t) => {
    const held = withResolvers()
    const store = createMemoryStore({ maxKeys: 1 })
    const { socket } = await client(t, {
      events: { e: { idempotency: { key: (key: string) => key, store }, handler: () => held.promise } },
    })
    const first = socket.emitWithAck('e', 'a')
    t.match(await socket.emitWithAck('e', 'b'), { ok: false, error: { ...FULL, message: String } })
    held.resolve()
    t.match(await first, { ok: true })
  },
)

t.test('a repeated ack with binary data carries the bytes again', async (t) => {
  let calls = 0
  const { socket } = await client(t, {
    events: {
      e: {
        idempotency: { key: () => 'k' },
        handler: () => {
          calls++
          return { bytes: Buffer.from([1, 2, 3]) }
        },
      },
    },
  })
  const expected = { ok: true, data: { bytes: Buffer.from([1, 2, 3]) } }
  t.strictSame(await socket.emitWithAck('e'), expected)
  t.strictSame(await socket.emitWithAck('e'), expected)
  t.equal(calls, 1)
})

/** A namespace whose handler waits for its outcome, and its store. */
function orders() {
  const calls: ReturnType<typeof withResolvers<unknown>>[] = []
  const definition = defineNamespace({
    events: {
      order: {
        reply: { type: 'integer' },
        errors: { SOLD_OUT: { type: 'null' } },
        idempotency: { key: () => 'k' },
        handler: () => {
          const call = withResolvers<unknown>()
          calls.push(call)
          return call.promise as Promise<number>
        },
      },
    },
  })
  return { calls, definition }
}

const TIMEOUT = { ok: false, error: { code: 'FST_NSP_HANDLER_TIMEOUT' } }

t.test('the result of a handler that ends after its timeout is kept for the retry', async (t) => {
  const { calls, definition } = orders()
  const { socket } = await client(t, definition, { handlerTimeoutMs: 30 })
  t.match(await socket.emitWithAck('order'), TIMEOUT)
  t.match(await socket.emitWithAck('order'), TIMEOUT, 'the retry waits for the first event')
  calls[0]?.resolve('7')
  t.strictSame(await socket.emitWithAck('order'), { ok: true, data: 7 }, 'the reply was checked')
  t.equal(calls.length, 1)
})

t.test('an invalid reply after the timeout does not run the handler again', async (t) => {
  const { calls, definition } = orders()
  const { socket } = await client(t, definition, { handlerTimeoutMs: 30 })
  t.match(await socket.emitWithAck('order'), TIMEOUT)
  calls[0]?.resolve('no number')
  t.match(await socket.emitWithAck('order'), { ok: false, error: { code: 'FST_NSP_REPLY_INVALID' } })
  t.equal(calls.length, 1)
})

t.test('a handler that fails after its timeout releases its key', async (t) => {
  const { calls, definition } = orders()
  const { socket } = await client(t, definition, { handlerTimeoutMs: 500 })
  t.match(await socket.emitWithAck('order'), TIMEOUT)
  calls[0]?.reject(new Error('no'))
  const retry = socket.emitWithAck('order')
  await until(() => calls.length === 2)
  calls[1]?.resolve(2)
  t.strictSame(await retry, { ok: true, data: 2 })
})

t.test('4xx failures are kept, and 5xx failures are not', async (t) => {
  const { calls, definition } = orders()
  const { socket } = await client(t, definition)
  const order = async (end: (call: ReturnType<typeof withResolvers<unknown>>) => void) => {
    const count = calls.length
    const ack = socket.emitWithAck('order')
    await until(() => calls.length > count)
    end(calls[count] as (typeof calls)[number])
    return ack
  }
  t.match(await order((call) => call.reject(new Error('down'))), internal)
  const soldOut = Object.assign(new Error('sold out'), { code: 'SOLD_OUT', statusCode: 409, details: null })
  const refused = await order((call) => call.reject(soldOut))
  t.match(refused, { error: { code: 'SOLD_OUT', statusCode: 409 } })
  t.strictSame(await socket.emitWithAck('order'), refused)
  t.equal(calls.length, 2)
})

t.test('the ack for a socket that has disconnected is kept for the client that reconnects', async (t) => {
  const { calls, definition } = orders()
  const { app, socket } = await client(t, definition)
  socket.emit('order')
  await until(() => calls.length === 1)
  socket.disconnect()
  await until(() => app.io.of('/chat').sockets.size === 0)
  await socket.join('/chat')
  const retry = socket.emitWithAck('order')
  calls[0]?.resolve(1)
  t.strictSame(await retry, { ok: true, data: 1 })
  t.equal(calls.length, 1)
})

t.test('an ack that could neither be sent nor kept does not run the handler again', async (t) => {
  let calls = 0
  const held = withResolvers()
  const { app, socket } = await client(t, {
    events: {
      e: {
        idempotency: { key: () => 'k' },
        handler: async () => {
          calls++
          await held.promise
          return 1n
        },
      },
    },
  })
  socket.emit('e')
  await until(() => calls === 1)
  socket.disconnect()
  await until(() => app.io.of('/chat').sockets.size === 0)
  held.resolve()
  await socket.join('/chat')
  t.match(await socket.emitWithAck('e'), { error: { code: 'FST_NSP_REPLY_INVALID' } })
  t.equal(calls, 1)
})

t.test('an event that waits for a key stops waiting when its socket disconnects', async (t) => {
  const { calls, definition } = orders()
  const store = createMemoryStore()
  const signals: (AbortSignal | undefined)[] = []
  const claim: IdempotencyStore['claim'] = (key, options) => {
    signals.push(options.signal)
    return store.claim(key, options)
  }
  const event = { ...definition.events?.order, idempotency: { key: () => 'k', store: { ...store, claim } } }
  const { app, socket } = await client(t, { events: { order: { ...event, handlerTimeoutMs: 0 } } as never })
  const other = await app.injectSocket('/chat')
  other.emit('order')
  await until(() => calls.length === 1)
  socket.emit('order')
  await until(() => signals.length === 2)
  socket.disconnect()
  await until(() => signals[1]?.aborted === true)
  calls[0]?.reject(new Error('no'))
  const retry = other.emitWithAck('order')
  await until(() => calls.length === 2)
  calls[1]?.resolve(1)
  t.strictSame(await retry, { ok: true, data: 1 }, 'the socket that has disconnected does not hold the key')
})

for (const [what, end] of [
  ['its time is up', 'time'],
  ['its socket has left', 'leave'],
] as const) {
  t.test(`a claim that is granted when ${what} is released, and the handler is not called`, async (t) => {
    const granted = withResolvers()
    const claims: unknown[] = []
    const released: string[] = []
    const { app, socket } = await client(t, {
      events: {
        e: {
          handlerTimeoutMs: end === 'time' ? 10 : 0,
          idempotency: {
            key: () => 'k',
            store: {
              // The handler ignores the signal.
              claim: async (key) => {
                claims.push(key)
                await granted.promise
                return { token: 'late' }
              },
              renew: async () => {},
              settle: async () => void t.fail('the ack was kept'),
              release: async (token) => void released.push(token),
            },
          },
          handler: () => t.fail('the handler was called'),
        },
      },
    })
    const ack = socket.emitWithAck('e').catch(() => 'gone')
    await until(() => claims.length === 1)
    if (end === 'time') t.match(await ack, TIMEOUT)
    else {
      socket.disconnect()
      await until(() => app.io.of('/chat').sockets.size === 0)
    }
    granted.resolve()
    await until(() => released.length === 1)
    t.strictSame(released, ['late'])
  })
}

t.test('an invalid ack from a store is FST_NSP_STORE_FAILED', async (t) => {
  for (const ack of ['null', '5', '{}', '{"ok":1}', '"text"', 5, null]) {
    const store = { ...createMemoryStore(), claim: async () => ({ ack }) }
    const { socket, lines } = await client(t, {
      events: {
        e: {
          idempotency: { key: () => 'k', store: store as unknown as IdempotencyStore },
          handler: () => t.fail('the handler was called'),
        },
      },
    })
    t.match(await socket.emitWithAck('e'), { ok: false, error: { code: 'FST_NSP_INTERNAL' } }, String(ack))
    t.match(
      lines.find(({ msg }) => msg === 'event failed'),
      { err: { code: 'FST_NSP_STORE_FAILED' } },
    )
  }
})

t.test(
  'a store that never answers settle() holds an event for leaseMs at most, and one that never releases does not hold it',
  async (t) => {
    const store = {
      ...createMemoryStore(),
      claim: async () => ({ token: 't' }),
      settle: () => new Promise<void>(() => {}),
      release: () => new Promise<void>(() => {}),
    }
    for (const sequential of [true, false]) {
      const events = {
        e: {
          idempotency: { key: () => 'k', store, leaseMs: 30 },
          handler: (how: unknown) => {
            if (how === 'fail') throw new Error('it fails')
            return 'well'
          },
        },
      }
      const { socket, app, lines } = await client(
        t,
        { sequential, events },
        { limits: { eventsInFlight: 1 }, closeTimeoutMs: 600_000 },
      )
      t.match(await socket.emitWithAck('e'), internal)
      t.match(
        lines.find(({ msg }) => msg === 'event failed'),
        { err: { code: 'FST_NSP_STORE_FAILED', stack: /settle\(\) has not answered within leaseMs \(30 ms\)/ } },
      )
      t.match(await socket.emitWithAck('e', 'fail'), { ok: false })
      t.match(await socket.emitWithAck('e'), { ok: false })
      await app.close()
    }
  },
)

t.test('a handler that throws after its socket has disconnected releases its key', async (t) => {
  let begun = 0
  const ended = withResolvers()
  const { app, socket } = await client(t, {
    events: {
      e: {
        idempotency: { key: () => 'k' },
        handler: async (_payload, { signal }) => {
          if (++begun > 1) return 'well'
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          ended.resolve()
          throw signal.reason
        },
      },
    },
  })
  socket.emit('e')
  await until(() => begun === 1)
  socket.disconnect()
  await ended.promise
  const other = await app.injectSocket('/chat')
  t.strictSame(await other.emitWithAck('e'), { ok: true, data: 'well' })
})
