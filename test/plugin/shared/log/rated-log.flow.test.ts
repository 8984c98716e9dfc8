import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import t from 'tap'
import { LogRates, RatedLog } from '../../../../plugin/shared/log/rated-log.js'
import { client } from '../../harness.js'

t.test('ten lines of a kind are written at once, then one a second with the number of suppressed lines', async (t) => {
  let now = 0
  const rates = new LogRates(() => now)
  const take = (count: number, kind = 'a') => Array.from({ length: count }, () => rates.take(kind))
  t.strictSame(take(12), [...Array(10).fill(0), undefined, undefined])
  t.strictSame(take(1, 'b'), [0], 'another kind has its own rate')
  now = 999
  t.strictSame(take(1), [undefined])
  now = 1_000
  t.strictSame(take(2), [3, undefined])
  now = 60_000
  t.strictSame(take(11), [1, ...Array(9).fill(0), undefined], 'at most ten tokens accumulate')
})

t.test('kinds above the limit share one rate', async (t) => {
  const rates = new LogRates(() => 0)
  const written = Array.from({ length: 100 }, (_, index) => rates.take(`made up ${index}`))
  t.equal(written.filter((suppressed) => suppressed !== undefined).length, 32 + 10)
})

t.test('write() returns whether the line was written, and the level is kept', async (t) => {
  const written: unknown[] = []
  const stock = { warn: (...line: unknown[]) => void written.push(line) } as unknown as FastifyBaseLogger
  let now = 0
  const log = new RatedLog(stock, new LogRates(() => now))
  const results = Array.from({ length: 11 }, () => log.write('warn', { code: 'X' }, 'refused'))
  t.strictSame(results, [...Array(10).fill(true), false])
  t.ok(log.write('warn', { code: 'Y' }, 'refused'), 'another code')
  now = 1_000
  t.ok(log.write('warn', { code: 'X' }, 'refused'))
  t.strictSame(written[0], [{ code: 'X' }, 'refused'])
  t.strictSame(written.at(-1), [{ code: 'X', suppressed: 1 }, 'refused'])
})

t.test('a client can not fill the log: its lines are rate-limited by socket and code', async (t) => {
  const definition = {
    onConnect: ({ socket }: { socket: unknown }) => {
      ;(socket as Socket).use(([event], next) => {
        if (event === 'middleware') throw new Error('a middleware')
        next()
      })
      ;(socket as Socket).on('listener', () => {
        throw new Error('a listener')
      })
    },
    eventHooks: {
      onAck: () => {
        throw new Error('an observer')
      },
    },
    events: {
      invalid: { payload: { type: 'integer' }, handler: () => {} },
      fails: {
        handler: () => {
          throw new Error('a handler')
        },
      },
      misreplies: { reply: { type: 'integer' }, handler: () => 'no' },
      unsendable: { handler: () => 1n },
      misdeclares: {
        errors: { FULL: { type: 'integer' } },
        handler: () => {
          throw Object.assign(new Error('full'), { code: 'FULL', details: 'no' })
        },
      },
    },
  } as const
  const limits = { eventsPerSecond: 0, eventsInFlight: 0 }
  const { app, socket, lines } = await client(t, definition, { limits })
  const events = ['middleware', 'listener', 'invalid', 'fails', 'misreplies', 'unsendable', 'misdeclares', 'unknown']
  const begun = performance.now()
  const acks = []
  for (const event of events) {
    acks.push(...(await Promise.all(Array.from({ length: 30 }, () => socket.emitWithAck(event, 'x')))))
    for (let count = 0; count < 30; count++) socket.emit(event, 'x')
  }
  await socket.emitWithAck('invalid', 1)
  const most = 12 + (performance.now() - begun) / 1_000
  const messages = [
    'middleware failed',
    'listener failed',
    'event without ack refused',
    'event failed',
    'reply does not fit its schema',
    'reply cannot be encoded',
    'data of a declared error does not fit its schema',
    'observer failed',
    'event refused',
  ]
  for (const message of messages) {
    const written = lines.filter(({ msg }) => msg === message)
    // Lines of one code: ten, and one for each second that this test has taken.
    const counts = new Map<unknown, number>()
    for (const { code } of written) counts.set(code, (counts.get(code) ?? 0) + 1)
    t.ok(written.length > 0, message)
    for (const [code, count] of counts) t.ok(count >= 10 && count <= most, `${message} ${code}: ${count}`)
  }
  const ids = acks.flatMap(({ error }) => error?.details?.id ?? [])
  const logged = new Set(lines.map(({ errorId }) => errorId))
  t.ok(ids.length > 0)
  t.strictSame(
    ids.filter((id) => !logged.has(id)),
    [],
    'every id that a client receives is in the log',
  )
  t.ok(acks.some(({ error }) => error?.code === 'FST_NSP_INTERNAL' && error.details === undefined))

  const other = await app.injectSocket('/chat')
  t.ok((await other.emitWithAck('fails')).error.details.id, 'another socket has its own rate')
})

t.test('leaving and joining again does not reset the rates of log lines', async (t) => {
  const { app, socket } = await client(
    t,
    { events: { fails: { handler: () => Promise.reject(new Error('no')) } } },
    {},
    (app) => void app.namespace('/stay', {}),
  )
  await socket.join('/stay')
  const ids = async () => {
    const acks = await Promise.all(Array.from({ length: 40 }, () => socket.emitWithAck('fails')))
    return acks.filter(({ error }) => error.details).length
  }
  t.ok((await ids()) < 40)
  socket.disconnect()
  while (app.io.of('/chat').sockets.size > 0) await new Promise((resolve) => setImmediate(resolve))
  await socket.join('/chat')
  t.ok((await ids()) < 10)
})

t.test('a line with an error has its own level, too', async (t) => {
  const { socket, lines } = await client(t, {
    onConnect: ({ socket }) =>
      void socket.use((_event, next) => next(Object.assign(new Error('not you'), { statusCode: 403 }))),
  })
  t.match(await socket.emitWithAck('any'), { ok: false, error: { statusCode: 403 } })
  t.match(
    lines.filter(({ msg }) => msg === 'event refused'),
    [{ level: 20, err: { message: 'not you' } }],
  )
})

for (const where of ['listener', 'middleware', 'refusal', 'any'] as const) {
  t.test(
    `lines about details that can't be sent are rate-limited, and the name of an event is cut: ${where}`,
    async (t) => {
      const fail = () => {
        throw Object.assign(new Error('no'), { statusCode: 409, details: { n: 10n } })
      }
      const name = 'n'.repeat(10_000)
      const { socket, lines } = await client(t, {
        onConnect: ({ socket }) => {
          if (where === 'listener') (socket as Socket).on(name, fail)
          if (where === 'any') (socket as Socket).onAny(fail)
          if (where === 'middleware') socket.use(fail)
          if (where === 'refusal') {
            socket.use((_event, next) => next(Object.assign(new Error('no'), { statusCode: 409, details: { n: 10n } })))
          }
        },
      })
      await Promise.all(Array.from({ length: 50 }, () => socket.emitWithAck(name)))
      const written = lines.filter(({ msg }) => msg === 'the details of an error can not be sent')
      t.equal(written.length, 10)
      const named = lines.filter(({ event }) => event !== undefined)
      t.ok(named.length >= 10)
      t.ok(lines.every((line) => !JSON.stringify(line).includes('n'.repeat(101))))
    },
  )
}
