import t from 'tap'
import { createClient } from '../../../plugin/client.js'
import { build, join, listen, next, POLLING, TRANSPORTS, until } from '../harness.js'

t.test('drainSockets() ends the connections in batches, refuses new ones, and routes still answer', async (t) => {
  const app = await build(t, { namespaces: { '/chat': {} }, drain: { batch: 2, everyMs: 20, jitterMs: 5 } })
  app.get('/ready', (_request, reply) => reply.code(app.isDraining() ? 503 : 200).send())
  const url = `http://127.0.0.1:${await listen(app)}`
  const sockets = await Promise.all(
    ['websocket', 'websocket', 'polling', 'websocket', 'websocket'].map(async (transport) => {
      const socket = join(t, url, '/chat', { transports: [transport] })
      await next(socket, 'connect')
      return socket
    }),
  )
  const reasons: string[] = []
  const most: number[] = []
  for (const socket of sockets) socket.on('disconnect', (reason) => reasons.push(reason))
  t.notOk(app.isDraining())
  t.equal((await fetch(`${url}/ready`)).status, 200)
  const drained = app.drainSockets()
  t.equal(app.drainSockets(), drained, 'a second call waits for the same')
  t.equal((await fetch(`${url}/ready`)).status, 503)
  t.equal((await fetch(`${url}${POLLING}`)).status, 503)
  await drained
  await until(() => reasons.length === 5)
  most.push(app.io.engine.clientsCount)
  t.strictSame(reasons, Array(5).fill('transport close'))
  t.strictSame(most, [0])
})

for (const transports of TRANSPORTS) {
  t.test(`all sockets of a connection are told when to come back, by ${transports.join(' and ')}`, async (t) => {
    const app = await build(t, { namespaces: { '/chat': {}, '/news': {} }, drain: { retryAfterMs: 7 } })
    const url = `http://127.0.0.1:${await listen(app)}`
    const chat = join(t, url, '/chat', { transports: [...transports], reconnection: false })
    const news = chat.io.socket('/news', {}).connect()
    await Promise.all([next(chat, 'connect'), next(news, 'connect')])
    // It joins nothing.
    await fetch(`${url}${POLLING}`)
    const told: unknown[] = []
    for (const socket of [chat, news]) socket.on('namespace:disconnect', (why) => told.push(why))
    const lost = Promise.all([next(chat, 'disconnect'), next(news, 'disconnect')])
    await app.drainSockets()
    t.match(await lost, [['transport close'], ['transport close']])
    const why = { code: 'FST_NSP_CLOSING', statusCode: 503, details: { retryAfterMs: 7 } }
    t.match(told, [why, why])
  })
}

t.test('the typed client comes back when it is told to, and waits as usual after the next loss', async (t) => {
  const app = await build(t, { namespaces: { '/chat': {}, '/news': {} }, drain: { retryAfterMs: 7 } })
  const url = `http://127.0.0.1:${await listen(app)}`
  const anHour = { reconnectionDelay: 3_600_000, reconnectionDelayMax: 3_600_000 }
  const { join, close, manager } = createClient(url, { io: { ...anHour, transports: ['websocket'] } })
  t.teardown(close)
  const [chat, news] = [join('/chat'), join('/news')]
  await Promise.all([chat.ready, news.ready])
  const tries = new Promise((resolve) => manager.once('reconnect_attempt', resolve))
  await app.drainSockets()
  await tries
  t.equal(chat.state.getSnapshot().status, 'recovering')
  t.equal(manager.reconnectionDelay(), anHour.reconnectionDelay)
})

t.test('a wrong option of drain is refused at boot', async (t) => {
  await t.rejects(build(t, { drain: { batch: 0 } }), { code: 'FST_NSP_OPTIONS_INVALID', message: /drain\.batch/ })
})
