import { getEventListeners } from 'node:events'
import t from 'tap'
import { client, next, until, withResolvers } from '../harness.js'

/*
 * An end is an end: after a time-out or a disconnect nothing of an event begins, and what it still runs is counted.
 */

const TIMEOUT = {
  ok: false,
  error: { code: 'FST_NSP_HANDLER_TIMEOUT', statusCode: 503, message: / took longer than \w+TimeoutMs \(\d+ ms\)$/ },
}
const IN_FLIGHT = { ok: false, error: { code: 'FST_NSP_IN_FLIGHT_LIMIT' } }

/** A step that waits when it is asked to, and a list of those that have begun. */
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
  t.test(`when the time is up in ${name}, nothing of the event begins any more`, async (t) => {
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
    t.match(await socket.emitWithAck('e'), IN_FLIGHT, 'it is counted while it runs')
    hold('')
    held.resolve()
    await held.promise
    // When it has really ended there is room again.
    while (!(await socket.emitWithAck('probe')).ok);
    t.strictSame(begun, ORDER.slice(0, index + 1))
    t.strictSame(ended, [false, true], 'and each has one end')
    t.equal(app.io.of('/chat').sockets.size, 1)
  })

  t.test(`when the socket leaves in ${name}, nothing of the event begins any more`, async (t) => {
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

t.test('a hook that disconnects its socket at once is the last to begin, whatever it throws', async (t) => {
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
      events: { e: { handler: () => t.fail('it has begun') } },
    })
    const gone = next(socket, 'disconnect')
    socket.emit('e')
    await gone
    await until(() => codes.length === 1)
    t.strictSame(codes, ['FST_NSP_SOCKET_GONE'])
  }
})

t.test('a handler that disconnects its socket and goes on finds its signal aborted', async (t) => {
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

t.test('a handler that ignores its signal blocks its sequential socket: who waits is answered in time', async (t) => {
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
  t.match(await socket.emitWithAck('e', 'fifth'), TIMEOUT, 'those who were answered make room')
  t.match(await fourth, TIMEOUT)
  t.strictSame(calls, ['first'], 'and none of them has begun')
  held.resolve()
  t.strictSame(await socket.emitWithAck('e', 'last'), { ok: true, data: 'last' })
})

t.test('the closing waits for a handler that was answered already', async (t) => {
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

t.test('an error that is looked at for a while has one end, whatever its handler and its time do', async (t) => {
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

t.test('no listener is left on a signal that nobody waits for', async (t) => {
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
