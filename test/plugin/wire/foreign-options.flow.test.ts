import type { ManagerOptions } from 'socket.io-client'
import * as msgpack from 'socket.io-msgpack-parser'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { build, join, listen, next } from '../harness.js'

/*
 * Options of Socket.IO that put other code between the plugin and the wire: everything works, and every answer is the same.
 */

const OPTIONS: Record<
  string,
  { readonly io: NonNullable<NamespacesOptions['io']>; readonly client?: Partial<ManagerOptions> }
> = {
  'no option': { io: {} },
  'a parser of the application’s': { io: { parser: msgpack }, client: { parser: msgpack } },
  'perMessageDeflate: true': { io: { perMessageDeflate: { threshold: 0 } } },
  'a wsEngine of the application’s': { io: { wsEngine: WebSocketServer as never } },
}

const TEXT = { type: 'object', properties: { text: { type: 'string', maxLength: 5_000 } }, required: ['text'] }

/** Plays through everything that a client can see, over these transports; returns what it saw. */
async function play(t: Test, name: string, transports: string[]): Promise<unknown[]> {
  const { io, client: more } = OPTIONS[name] as (typeof OPTIONS)[string]
  const app = await build(t, {
    io,
    limits: { payloadBytes: 10_000, arguments: 1, depth: 4, eventsPerSecond: 0 },
    namespaces: {
      '/chat': {
        emits: { news: { payload: TEXT }, who: {}, bytes: {} },
        events: {
          echo: { payload: TEXT, reply: TEXT, handler: (payload: unknown) => payload },
          any: { handler: (payload) => payload },
          later: { handler: async (payload) => payload },
          fail: {
            handler: () => {
              throw Object.assign(new Error('Full'), { statusCode: 409, code: 'FULL', expose: true })
            },
          },
          'wrong reply': { reply: TEXT, handler: () => ({ text: 1 }) },
        },
      },
    },
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  const [one, two] = [0, 1].map(() => join(t, url, '/chat', { transports, ...more })) as [
    ReturnType<typeof join>,
    ReturnType<typeof join>,
  ]
  await Promise.all([next(one, 'connect'), next(two, 'connect')])
  const seen: unknown[] = []
  const see = (what: unknown) => seen.push(what)
  /** The id in the message of an internal error is another each time. */
  const ask = async (...args: [string, ...unknown[]]) => {
    const { ok, data, error } = await one.emitWithAck(...args)
    see(ok ? data : [error.code, error.statusCode])
  }
  await ask('echo', { text: 'ä', extra: 1 })
  await ask('echo', { text: 'x'.repeat(4_000) })
  await ask('echo', { other: 1 })
  await ask('any', { a: [1, null, 'x'] })
  await ask('any', Buffer.from('bytes'))
  await ask('any', { list: [Buffer.alloc(3_000, 'x'), 'text'] })
  await ask('later', [])
  await ask('fail')
  await ask('wrong reply')
  await ask('none')
  await ask('any', 'x'.repeat(10_001))
  await ask('any', 1, 2)
  await ask('any', [[[[[[]]]]]])
  // Many in one tick: acks and emits keep their order.
  const order: unknown[] = []
  two.on('news', ({ text }) => order.push(text))
  const acks = Array.from({ length: 20 }, (_, number) => {
    app.io.of('/chat').emit('news', { text: `${number}` })
    return one.emitWithAck('any', number)
  })
  see((await Promise.all(acks)).map(({ data }) => data))
  for (const client of [one, two]) client.on('who', (question, answer) => answer([question, Buffer.from('me')]))
  see(await app.io.of('/chat').timeout(10_000).emitWithAck('who', 'is it'))
  see([...order])
  const heard = Promise.all([one, two].map((client) => next(client, 'bytes')))
  app.io.of('/chat').emit('bytes', Buffer.alloc(2_000, 'y'))
  see(await heard)
  const [first] = app.io.of('/chat').sockets.values()
  const gone = Promise.all([one, two].map((client) => next(client, 'disconnect')))
  first?.emit('news', { text: 'last' })
  app.io.of('/chat').disconnectSockets()
  see((await gone).map(([reason]) => reason))
  return seen
}

for (const transports of [['websocket'], ['polling', 'websocket']]) {
  t.test(`over ${transports.join(', then ')}, a client sees the same with each option`, async (t) => {
    const expected = await play(t, 'no option', transports)
    t.match(expected.slice(0, 3), [{ text: 'ä' }, { text: /^x+$/ }, ['FST_NSP_EVENT_INVALID', 400]])
    for (const name of Object.keys(OPTIONS).slice(1)) t.strictSame(await play(t, name, transports), expected, name)
  })
}
