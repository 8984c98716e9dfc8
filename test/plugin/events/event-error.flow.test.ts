import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import createError from '@fastify/error'
import sensible from '@fastify/sensible'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import { Type } from 'typebox'
import { client } from '../harness.js'
import { serveChat } from '../joining-harness.js'

/*
 * Which errors of handlers, hooks and `onSend` reach the client, and which are only logged.
 */

const OutOfStock = createError('OUT_OF_STOCK', 'There is no %s left', 409)
const Broken = createError('BROKEN', 'secret', 503)
const INTERNAL = { code: 'FST_NSP_INTERNAL', statusCode: 500, message: 'Internal error' }

const plain = (fields: object) => Object.assign(new Error('Not here'), fields)

t.test("a handler's 4xx error is sent to the client if it is exposed; a hook's always is", async (t) => {
  const { app, socket } = await client(
    t,
    {
      sequential: true,
      events: {
        sensible: {
          handler: () => {
            throw app.httpErrors.notFound()
          },
        },
        later: { handler: async () => Promise.reject(app.httpErrors.conflict('Somebody is there')) },
        coded: {
          handler: () => {
            throw new OutOfStock('bread')
          },
        },
        exposed: {
          handler: () => {
            throw plain({ statusCode: 404, expose: true })
          },
        },
        status: {
          handler: () => {
            throw plain({ status: 410, code: 'GONE', expose: true, details: { since: 2025 } })
          },
        },
      },
    },
    {},
    async (app) => app.register(sensible),
  )
  const told = async (event: string) => (await socket.emitWithAck(event)).error
  t.strictSame(await told('sensible'), { code: 'FST_NSP_REFUSED', statusCode: 404, message: 'Not Found' })
  t.strictSame(await told('later'), { code: 'FST_NSP_REFUSED', statusCode: 409, message: 'Somebody is there' })
  t.strictSame(await told('coded'), { code: 'OUT_OF_STOCK', statusCode: 409, message: 'There is no bread left' })
  t.strictSame(await told('exposed'), { code: 'FST_NSP_REFUSED', statusCode: 404, message: 'Not here' })
  t.strictSame(await told('status'), {
    code: 'GONE',
    statusCode: 410,
    message: 'Not here',
    details: { since: 2025 },
  })
})

t.test("a handler's 4xx error that is not exposed is not sent, and its log line says how to declare it", async (t) => {
  const hostile = new Proxy(plain({ statusCode: 404 }), {
    get(target, key) {
      if (key === 'expose') throw new Error('hostile')
      return Reflect.get(target, key)
    },
  })
  const thrown: Record<string, unknown> = {
    bare: plain({ statusCode: 404 }),
    coded: plain({ statusCode: 404, code: 'NO_SUCH_ROOM' }),
    hidden: Object.assign(new OutOfStock('secret'), { expose: false }),
    'of a library': plain({ status: 404, response: {} }),
    hostile,
  }
  const untold: Record<string, unknown> = {
    '5xx': plain({ statusCode: 503, expose: true }),
    'coded 5xx': new Broken(),
    'no status': plain({ expose: true }),
    'no error': 'secret',
  }
  const { socket, lines } = await client(t, {
    events: {
      fail: {
        handler: (name) => {
          throw { ...thrown, ...untold }[name as string]
        },
      },
    },
  })
  for (const name of [...Object.keys(thrown), ...Object.keys(untold)]) {
    const { error } = await socket.emitWithAck('fail', name)
    t.match(error, INTERNAL, name)
    t.notMatch(JSON.stringify(error), /secret|Not here|NO_SUCH_ROOM/, name)
    const line = lines.find(({ errorId }) => errorId === error.details.id)
    t.equal(/errors: \{ \w+: schema \}.*expose: true/.test(String(line?.hint)), name in thrown, name)
  }
  t.ok(lines.some(({ hint }) => String(hint).includes('errors: { NO_SUCH_ROOM: schema }')))
})

t.test("an exposed 4xx error is kept under its event's idempotency key", async (t) => {
  let calls = 0
  const { socket } = await client(t, {
    events: {
      order: {
        idempotency: { key: (key) => key as string },
        handler: () => {
          calls++
          throw new OutOfStock('bread')
        },
      },
    },
  })
  const acks = [await socket.emitWithAck('order', 'a'), await socket.emitWithAck('order', 'a')]
  t.match(acks, [{ error: { code: 'OUT_OF_STOCK' } }, { error: { code: 'OUT_OF_STOCK' } }])
  t.equal(calls, 1)
})

t.test('events that wait for onConnect are acked with its error if that is an exposed 4xx', async (t) => {
  for (const [error, told] of [
    [new OutOfStock('place'), { code: 'OUT_OF_STOCK', statusCode: 409 }],
    [plain({ statusCode: 404 }), INTERNAL],
    [new Broken(), INTERNAL],
  ] as const) {
    const { socket, lines } = await client(t, {
      onConnect: async ({ socket }) => {
        await new Promise<void>((resolve) => socket.conn.once('data', () => setImmediate(resolve)))
        throw error
      },
      events: { e: { handler: () => {} } },
    })
    t.match((await socket.emitWithAck('e')).error, told)
    t.ok(lines.some(({ msg }) => msg === 'onConnect failed'))
  }
})

t.test('a declared error has the status and the message of the thrown error', async (t) => {
  const { socket } = await client(t, {
    events: {
      order: {
        errors: { SOLD_OUT: Type.Object({ left: Type.Integer() }) },
        handler: (how, { error }) => {
          if (how === 'declared') throw error('SOLD_OUT', { left: 0 } as never)
          throw Object.assign(new Error('Come back on Monday'), {
            code: 'SOLD_OUT',
            statusCode: 409,
            details: { left: 2, secret: 1 },
          })
        },
      },
    },
  })
  t.strictSame(await socket.emitWithAck('order', 'declared'), {
    ok: false,
    error: { code: 'SOLD_OUT', statusCode: 400, message: 'SOLD_OUT', details: { left: 0 } },
  })
  t.strictSame(await socket.emitWithAck('order'), {
    ok: false,
    error: { code: 'SOLD_OUT', statusCode: 409, message: 'Come back on Monday', details: { left: 2 } },
  })
})

const failing = () =>
  new Readable({
    read() {
      this.destroy(new Error('secret'))
    },
  })
const failingWeb = () =>
  new ReadableStream({
    pull() {
      throw new Error('secret')
    },
  })
const WORDS: Record<string, (reply: FastifyReply) => unknown> = {
  'an object': (reply) => reply.code(403).send({ message: 'Banned' }),
  'a string': (reply) => reply.code(403).send('Banned'),
  nothing: (reply) => reply.code(403).send(),
}

for (const [what, send] of Object.entries(WORDS)) {
  for (const isWorded of [false, true]) {
    t.test(
      `an error that onSend throws on ${what} with a 4xx status is not sent${isWorded ? ', nor with an error handler' : ''}`,
      async (t) => {
        const { ask, lines } = await serveChat(
          t,
          {
            preHandler: async (_request, reply) => {
              if (!isWorded) return send(reply)
              throw new Error('Some')
            },
          },
          {
            prepare: (app) => {
              if (isWorded) app.setErrorHandler((_error, _request, reply) => send(reply))
              app.addHook('onSend', async ({ method }) => {
                if (method === 'CONNECT') throw new Error('secret')
              })
            },
          },
        )
        const told = await ask()
        t.match(told, { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } })
        t.notMatch(JSON.stringify(told), 'secret')
        t.ok(lines.some(({ err }) => Object(err).message === 'secret'))
      },
    )
  }
}

t.test('the error of a stream that a hook sends with a 4xx status is not sent to the client', async (t) => {
  for (const make of [failing, failingWeb]) {
    const { ask } = await serveChat(t, { preHandler: async (_request, reply) => reply.code(403).send(make()) })
    const told = await ask()
    t.match(told, { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } })
    t.notMatch(JSON.stringify(told), 'secret')
  }
})

t.test('an error of onSend with its own 4xx status is sent to the client', async (t) => {
  const { ask } = await serveChat(
    t,
    { preHandler: async (_request, reply) => reply.code(403).send({ message: 'Banned' }) },
    {
      prepare: (app) => {
        app.addHook('onSend', async ({ method }) => {
          if (method === 'CONNECT') throw Object.assign(new Error('Not now'), { status: 409 })
        })
      },
    },
  )
  t.match(await ask(), { message: 'Not now', data: { code: 'FST_NSP_REFUSED' } })
})
