import t, { type Test } from 'tap'
import { type AnyNamespaceDefinition, defineNamespace, type NamespacesOptions } from '../../plugin/index.js'
import { build, join, listen, next, until } from './harness.js'

const TEXT = {
  type: 'object',
  properties: { text: { type: 'string' } },
  required: ['text'],
  additionalProperties: false,
}

/** A client of one namespace, and the lines of the server's log. */
async function client(t: Test, definition: AnyNamespaceDefinition, options: NamespacesOptions = {}) {
  const lines: Record<string, unknown>[] = []
  const logger = { level: 'debug', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
  const app = await build(t, { ...options, namespaces: { '/chat': definition } }, undefined, { logger })
  const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat', { transports: ['websocket'] })
  await next(socket, 'connect')
  return { app, socket, lines }
}

const echo = defineNamespace({
  events: {
    echo: { payload: TEXT, reply: TEXT, handler: (payload) => payload as { text: string } },
    nothing: { handler: () => {} },
    null: { handler: () => null },
    whatever: { handler: (payload) => ({ got: payload }) },
    later: { handler: async (payload) => payload },
  },
})

t.test("a handler's return value is the ack's data, sync or async, undefined and null included", async (t) => {
  const { socket } = await client(t, echo)
  t.strictSame(await socket.emitWithAck('echo', { text: 'hi' }), { ok: true, data: { text: 'hi' } })
  t.strictSame(await socket.emitWithAck('nothing'), { ok: true })
  t.strictSame(await socket.emitWithAck('null'), { ok: true, data: null })
  t.strictSame(await socket.emitWithAck('later', [1, 2]), { ok: true, data: [1, 2] })
  t.strictSame(await socket.emitWithAck('whatever', 7), { ok: true, data: { got: 7 } })
  t.strictSame(await socket.emitWithAck('whatever'), { ok: true, data: {} })
  t.strictSame(await socket.emitWithAck('whatever', Buffer.from('x')), { ok: true, data: { got: Buffer.from('x') } })
})

t.test(
  'an event with an invalid payload is acked with FST_NSP_EVENT_INVALID and never reaches its handler',
  async (t) => {
    let calls = 0
    const { socket } = await client(t, { events: { 'a:b': { payload: TEXT, handler: () => calls++ } } })
    const invalid = (details: unknown) => ({
      ok: false,
      error: {
        code: 'FST_NSP_EVENT_INVALID',
        statusCode: 400,
        message: 'The payload does not fit its schema',
        details,
      },
    })
    t.strictSame(await socket.emitWithAck('a:b', { text: {} }), invalid([{ path: '/text', message: 'must be string' }]))
    t.strictSame(await socket.emitWithAck('a:b'), invalid([{ path: '', message: 'must be object' }]))
    t.strictSame(
      await socket.emitWithAck('a:b', { text: 'x' }, 2),
      invalid([{ path: '', message: 'must be one payload, not 2' }]),
    )
    socket.emit('a:b', 'no ack')
    socket.emit('a:b')
    t.match(await socket.emitWithAck('a:b', { text: 'x' }), { ok: true })
    t.equal(calls, 1)
  },
)

t.test('an unknown event is answered, whatever its name', async (t) => {
  const { socket } = await client(t, echo)
  for (const name of ['nope', '__proto__', 'constructor', 'toString', 'error', '7', '']) {
    t.strictSame(
      await socket.emitWithAck(name, 1),
      { ok: false, error: { code: 'FST_NSP_EVENT_UNKNOWN', statusCode: 404, message: 'Unknown event' } },
      name,
    )
  }
  socket.emit('nope')
  t.match(await socket.emitWithAck('nothing'), { ok: true })
})
