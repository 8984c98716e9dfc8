import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { inBothModes } from '../fast-path-harness.js'
import { build, join, listen, next } from '../harness.js'

const echo = { events: { echo: { handler: (payload: unknown) => payload } } }

inBothModes("the engine's middlewares run for upgrades, and their response emits close", async (t, fast) => {
  const app = await build(t, { fast, namespaces: { '/chat': echo } })
  const heard: unknown[] = []
  const closed = new Promise<void>((resolve) => {
    app.io.engine.use((raw: IncomingMessage, response: ServerResponse, done: () => void) => {
      response.setHeader('x-own', '1')
      response.once('close', resolve)
      heard.push(raw.headers.upgrade)
      done()
    })
  })
  const client = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat', { transports: ['websocket'] })
  await next(client, 'connect')
  t.strictSame(await client.emitWithAck('echo', 1), { ok: true, data: 1 })
  client.disconnect()
  await closed
  t.strictSame(heard, ['websocket'])
})

inBothModes('an upgrade that the engine refuses gets the response of the engine, once', async (t, fast) => {
  const app = await build(t, { fast, namespaces: { '/chat': echo } })
  const problems: number[] = []
  app.io.engine.on('connection_error', ({ code }: { code: number }) => problems.push(code))
  const port = await listen(app)
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  for (const query of ['EIO=4&transport=none', 'EIO=4&transport=websocket&sid=none']) {
    const asked = request({ port, path: `/socket.io/?${query}`, headers }).end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    t.equal(response.statusCode, 400)
    t.match(await text(response), /unknown/)
  }
  t.strictSame(problems, [0, 1])
})
