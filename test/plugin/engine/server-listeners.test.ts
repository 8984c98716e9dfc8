import t from 'tap'
import { build, listen, POLLING } from '../harness.js'

interface Connection {
  readonly transport: { onRequest(): void }
  close(discard: boolean): void
}

t.test('a POST for which the engine closes its session without a response is answered with 400', async (t) => {
  const app = await build(t)
  app.io.engine.on('connection', (connection: Connection) => {
    // What engine.io 6.6.0 does for a POST of bytes.
    connection.transport.onRequest = () => connection.close(true)
  })
  const url = `http://127.0.0.1:${await listen(app)}${POLLING}`
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1))
  const { status } = await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '40/chat,' })
  t.equal(status, 400)
})
