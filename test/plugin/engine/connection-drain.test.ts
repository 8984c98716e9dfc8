import t from 'tap'
import { build, join, listen, next, POLLING, until } from '../harness.js'

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

t.test('a wrong option of drain is refused at boot', async (t) => {
  await t.rejects(build(t, { drain: { batch: 0 } }), { code: 'FST_NSP_OPTIONS_INVALID', message: /drain\.batch/ })
})
