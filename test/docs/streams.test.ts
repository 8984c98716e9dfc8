import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io-client'
import t from 'tap'
import { buildServer } from '../../examples/log-stream.js'
import { next, until } from '../plugin/harness.js'

/*
 * The statements of docs/streams.md and docs/wire.md hold: the example, and the client in a few lines.
 */

type Stream = (socket: Socket, event: string, payload: unknown, credits?: number) => AsyncGenerator<unknown>

/** The exports of the code of a page that is run here. */
async function importFrom(name: string, replace = (code: string) => code): Promise<unknown> {
  const page = await readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
  const [, code = ''] = /<!-- run by test\/docs\/streams\.test\.ts -->\n```js\n(.*?)```/s.exec(page) ?? []
  return import(`data:text/javascript,${encodeURIComponent(replace(code))}`)
}

const { stream } = (await importFrom('wire.md')) as { stream: Stream }
const own = new URL('../../plugin/client.ts', import.meta.url).href
const { firstItems } = (await importFrom('streams.md', (code) => code.replace('fastify-namespaces/client', own))) as {
  firstItems: (app: FastifyInstance, count: number) => Promise<unknown[]>
}

const joined = async (app: FastifyInstance) => (await app.injectSocket('/logs')) as unknown as Socket

t.test('the client in a few lines follows the log of the example, and cancels it', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  const socket = await joined(app)
  for (let count = 0; count < 50; count++) await app.inject(count === 40 ? '/none' : '/')
  const texts: unknown[] = []
  for await (const line of stream(socket, 'log:tail', {}, 4)) {
    texts.push(Object(line).text)
    if (texts.length === 50) await app.inject('/')
    if (texts.length > 50) break
  }
  t.strictSame([texts[1], texts[41]], ['GET / 200', 'GET /none 404'], 'the first line is that of the handshake')
  t.equal(socket.listeners('namespace:item').length, 0)
  const warnings = stream(socket, 'log:tail', { level: 'warn' })
  t.match(await warnings.next(), { value: { level: 'warn', seq: Number } })
  await warnings.return(undefined)
})

t.test('it throws the error with which the stream ends', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  const socket = await joined(app)
  await t.rejects(stream(socket, 'log:tail', 'x').next(), { code: 'FST_NSP_EVENT_INVALID' })
  const gone = t.rejects(stream(socket, 'log:tail', { level: 'none' }).next(), { message: 'io client disconnect' })
  socket.disconnect()
  await gone
})

t.test('a client resumes the log of the example', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  for (let count = 0; count < 5; count++) await app.inject('/')
  const socket = await joined(app)
  const items: unknown[][] = []
  socket.on('namespace:item', (...args) => items.push(args))
  socket.emit('log:tail', {}, { id: 'a', lastId: 3 }, () => {})
  await until(() => items.length >= 2)
  t.match(items[0], ['a', { seq: 4 }, 4])
  const end = socket.emitWithAck('log:tail', {}, { id: 'b' })
  await until(() => items.some(([id]) => id === 'b'))
  const closing = next(socket, 'disconnect')
  await app.close()
  t.match(await end, { ok: false, error: { code: 'FST_NSP_CLOSING' } })
  await closing
})

t.test('a test reads a stream with the client, over a connection in memory', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  for (let count = 0; count < 3; count++) await app.inject(`/?${count}`)
  t.match(await firstItems(app, 2), [
    { seq: 0, text: 'GET /?0 200' },
    { seq: 1, text: 'GET /?1 200' },
  ])
})
