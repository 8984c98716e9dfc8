import { getEventListeners } from 'node:events'
import t from 'tap'
import { client, next, until, withResolvers } from '../harness.js'

/*
 * After a timeout or a disconnect no further step of an event begins, and a step that still runs counts as in flight.
 */

const TIMEOUT = {
  ok: false,
  error: { code: 'FST_NSP_HANDLER_TIMEOUT', statusCode: 503, message: / took longer than \w+TimeoutMs \(\d+ ms\)$/ },
}
const IN_FLIGHT = { ok: false, error: { code: 'FST_NSP_IN_FLIGHT_LIMIT' } }

/** A definition whose steps record that they have begun. The step that `hold()` names waits for `held`. */
function steps() {
  const begun: string[] = []
  const held = withResolvers()
  let holding = ''
  const step = (name: string) => () => {
    begun.push(name)
    return name === holding ? held.promise : undefined
  }
  const schema = (name: string) => ({
    '~standard': {
      version: 1,
      vendor: 'a test',
      validate: (value: unknown) => {
        begun.push(name)
        return name === holding ? held.promise.then(() => ({ value })) : { value }
      },
    },
  })
  const definition = {
    events: {
      e: {
        ...{ onEvent: step('onEvent'), preValidation: step('preValidation'), preHandler: step('preHandler') },
        ...{ payload: schema('payload'), reply: schema('reply'), handler: step('handler') },
      },
      probe: { handler: () => 'here' },
    },
  }
  const hold = (name: string) => {
    holding = name
  }
  return { begun, held, hold, definition }
}

const ORDER = ['onEvent', 'preValidation', 'payload', 'preHandler', 'handler', 'reply']

for (const [index, name] of ORDER.entries()) {
  t.test(`after a timeout in ${name} no further step of the event begins`, async (t) => {
    const { begun, held, hold, definition } = steps()
    const ended: unknown[] = []
    const hooks = { onAck: (_: unknown, { ok }: { ok: boolean }) => void ended.push(ok) }
    const { app, socket } = await client(
      t,
      { ...definition, eventHooks: hooks },
      { handlerTimeoutMs: 10, limits: { eventsInFlight: 1 } },
    )
    hold(name)
    t.match(await socket.emitWithAck('e'), TIMEOUT)
    t.match(await socket.emitWithAck('e'), IN_FLIGHT, 'the step counts as in flight while it runs')
    hold('')
    held.resolve()
    await held.promise
    // When the step has ended, the event no longer counts as in flight.
    while (!(await socket.emitWithAck('probe')).ok);
    t.strictSame(begun, ORDER.slice(0, index + 1))
    t.strictSame(ended, [false, true], 'onAck is called once for each event')
    t.equal(app.io.of('/chat').sockets.size, 1)
  })

  t.test(`after a disconnect in ${name} no further step of the event begins`, async (t) => {
    const { begun, held, hold, definition } = steps()
    const errors: unknown[] = []
    const acks: boolean[] = []
    const { app, socket, lines } = await client(t, {
      ...definition,
      eventHooks: {
        onError: (_context, error) => void errors.push((error as { code: string }).code),
        onAck: (_context, { ok }) => void acks.push(ok),
      },
    })
    hold(name)
    socket.emit('e')
    await until(() => begun.includes(name))
    socket.disconnect()
    await until(() => app.io.of('/chat').sockets.size === 0)
    held.resolve()
    await until(() => acks.length === 1)
    t.strictSame(begun, ORDER.slice(0, index + 1))
    const isHandled = index >= ORDER.indexOf('handler')
    t.strictSame([errors, acks], isHandled ? [[], [true]] : [['FST_NSP_SOCKET_GONE'], [false]])
    t.notOk(lines.some(({ level }) => Number(level) > 30))
  })
}

t.test('after a hook that disconnects its socket no further step begins, whatever the hook throws', async (t) => {
  for (const thrown of [undefined, new Error('secret')]) {
    const codes: unknown[] = []
    const { socket } = await client(t, {
      eventHooks: {
        preHandler: ({ socket }) => {
          socket.disconnect()
          if (thrown) throw thrown
        },
        onError: (_context, error) => void codes.push((error as { code: string }).code),
      },
      events: { e: { handler: () => t.fail('the handler was called') } },
    })
    const gone = next(socket, 'disconnect')
    socket.emit('e')
    await gone
    await until(() => codes.length === 1)
    t.strictSame(codes, ['FST_NSP_SOCKET_GONE'])
  }
})

t.test('the signal of a handler that disconnects its socket is aborted', async (t) => {
  const ended = withResolvers<unknown[]>()
  const { socket } = await client(t, {
    events: {
      e: {
        handler: async (_payload, { socket, signal }) => {
          signal.addEventListener('abort', () => {})
          socket.disconnect()
          await new Promise((resolve) => setImmediate(resolve))
          ended.resolve([signal.aborted, (signal.reason as { code: string }).code])
        },
      },
    },
  })
  socket.emit('e')
  t.strictSame(await ended.promise, [true, 'FST_NSP_SOCKET_GONE'])
})

t.test('events behind a sequential handler that ignores its signal are acked with a timeout', async (t) => {
  const calls: unknown[] = []
  const held = withResolvers()
  const { socket } = await client(
    t,
    {
      sequential: true,
      events: {
        e: {
          handlerTimeoutMs: 300,
          handler: async (turn) => {
            calls.push(turn)
            if (turn === 'first') await held.promise
            return turn
          },
        },
      },
    },
    { limits: { eventsWaiting: 2 } },
  )
  const acks = ['first', 'second', 'third'].map((turn) => socket.emitWithAck('e', turn))
  t.match(await socket.emitWithAck('e', 'too many'), { error: { code: 'FST_NSP_QUEUE_FULL' } })
  t.match(await Promise.all(acks), [TIMEOUT, TIMEOUT, TIMEOUT])
  const fourth = socket.emitWithAck('e', 'fourth')
  t.match(await socket.emitWithAck('e', 'fifth'), TIMEOUT, 'events that have timed out leave the queue')
  t.match(await fourth, TIMEOUT)
  t.strictSame(calls, ['first'], 'and none of them has begun')
  held.resolve()
  t.strictSame(await socket.emitWithAck('e', 'last'), { ok: true, data: 'last' })
})

t.test('close() waits for a handler whose event has been acked with a timeout', async (t) => {
  const order: string[] = []
  const held = withResolvers()
  const { app, socket } = await client(
    t,
    {
      events: {
        e: {
          handler: async () => {
            await held.promise
            order.push('handler')
          },
        },
      },
    },
    { handlerTimeoutMs: 5, closeTimeoutMs: 30_000 },
    (app) => void app.addHook('onClose', async () => void order.push('onClose')),
  )
  t.match(await socket.emitWithAck('e'), TIMEOUT)
  const closed = app.close()
  for (let rest = 20; rest > 0; rest--) await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(order, [])
  held.resolve()
  await closed
  t.strictSame(order, ['handler', 'onClose'])
})

t.test('a declared error with an asynchronous schema is acked once, also if the event times out', async (t) => {
  const looked = withResolvers<{ value: unknown }>()
  const acks: unknown[] = []
  const slow = { '~standard': { version: 1, vendor: 'a test', validate: () => looked.promise } }
  const { socket } = await client(t, {
    eventHooks: { onAck: (_context, ack) => void acks.push(ack) },
    events: {
      e: {
        handlerTimeoutMs: 5,
        errors: { FULL: slow },
        handler: async (_payload, { error, signal }) => {
          signal.addEventListener('abort', () => looked.resolve({ value: 1 }))
          throw error('FULL', 1)
        },
      },
    },
  })
  const full = { ok: false, error: { code: 'FULL', statusCode: 400, message: 'FULL', details: 1 } }
  t.strictSame(await socket.emitWithAck('e'), full)
  t.strictSame(acks, [full])
})

t.test("no listener is left on the handler's signal after the event", async (t) => {
  const signals: AbortSignal[] = []
  const { socket } = await client(t, {
    events: {
      e: {
        idempotency: { key: () => 'k' },
        handler: (_payload, { signal }) => {
          signals.push(signal)
          return 1
        },
      },
    },
  })
  await Promise.all([socket.emitWithAck('e'), socket.emitWithAck('e')])
  t.equal(signals.length, 1)
  t.strictSame(getEventListeners(signals[0] as AbortSignal, 'abort'), [])
})
