import { connect as connectRaw } from 'node:net'
import compress from '@fastify/compress'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { build, listen, refusal, until, WEBSOCKET, withResolvers } from '../harness.js'

/*
 * Clients that disconnect early, hooks that destroy the request or reply, and handshake headers that a connect does not have.
 */

for (const end of ['end', 'resetAndDestroy'] as const) {
  t.test(`onRequestAbort runs for a WebSocket handshake whose client disconnects, by ${end}`, async (t) => {
    const [begun, go] = [withResolvers(), withResolvers()]
    const aborted: string[] = []
    const app = await build(t, undefined, (app) => {
      app.addHook('onRequest', async () => {
        begun.resolve()
        await go.promise
      })
      app.addHook('onRequestAbort', async ({ url }) => void aborted.push(url))
    })
    const connection = connectRaw(await listen(app), '127.0.0.1').on('error', () => {})
    connection.write(
      `GET ${WEBSOCKET} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await begun.promise
    connection[end]()
    await until(() => aborted.length > 0)
    t.strictSame(aborted, [WEBSOCKET])
    go.resolve()
  })
}

for (const transport of ['websocket', 'polling'] as const) {
  t.test(`onRequestAbort runs for a connect whose client disconnects, over ${transport}`, async (t) => {
    const [begun, go] = [withResolvers(), withResolvers()]
    const aborted: string[] = []
    const slow = {
      onRequest: async () => {
        begun.resolve()
        await go.promise
      },
      onRequestAbort: async ({ url }: FastifyRequest) => void aborted.push(`of the definition: ${url}`),
    }
    const app = await build(t, { namespaces: { '/slow': slow, '/chat': {} } }, (app) => {
      app.addHook('onRequestAbort', async ({ url }) => void aborted.push(url))
    })
    const socket = await app.injectSocket('/chat', { transport })
    const joining = socket.join('/slow').catch(() => {})
    await begun.promise
    socket.io.engine.close()
    await until(() => aborted.length > 1)
    t.strictSame(aborted, ['/slow', 'of the definition: /slow'])
    go.resolve()
    await joining
  })
}

t.test(
  'onRequestAbort does not run for a connect that was admitted, refused or too late; it runs for a reauthenticate()',
  async (t) => {
    const aborted: string[] = []
    const again = withResolvers()
    let isAgain = false
    const app = await build(t, { admissionTimeoutMs: 200, namespaces: {} }, (app) => {
      app.addHook('onRequestAbort', async ({ url }) => void aborted.push(url))
    })
    app.namespace('/chat', {
      onRequest: async () => {
        if (!isAgain) return
        again.resolve()
        await new Promise(() => {})
      },
      events: { again: { handler: (_payload, { reauthenticate }) => reauthenticate() } },
    })
    app.namespace('/no', { onRequest: async (_request, reply) => reply.code(403).send({}) })
    app.namespace('/late', { onRequest: () => new Promise(() => {}) as never })
    const socket = await app.injectSocket('/chat')
    await refusal(socket.join('/no'))
    t.match((await refusal(socket.join('/late'))).data, { code: 'FST_NSP_ADMISSION_TIMEOUT' })
    isAgain = true
    socket.emit('again')
    await again.promise
    await socket.close()
    await until(() => aborted.length > 0)
    t.strictSame(aborted, ['/chat'])
  },
)

const DESTROYERS: Record<string, (request: FastifyRequest, reply: FastifyReply) => unknown> = {
  'request.raw.destroy()': ({ raw }) => raw.destroy(),
  'request.raw.destroy(error)': ({ raw }) => raw.destroy(new Error('secret')),
  'reply.raw.destroy()': (_request, { raw }) => raw.destroy(),
  'reply.hijack()': (_request, reply) => reply.hijack(),
  'reply.hijack(), and a response': (_request, reply) => reply.hijack().raw.end('no'),
}

for (const [what, destroy] of Object.entries(DESTROYERS)) {
  for (const transport of ['websocket', 'polling'] as const) {
    t.test(`${what} in a hook of a connect refuses that connect only, over ${transport}`, async (t) => {
      for (const isLater of [false, true]) {
        const bad = {
          onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
            if (isLater) await new Promise((resolve) => setImmediate(resolve))
            destroy(request, reply)
            return reply
          },
        }
        const chat = { events: { echo: { handler: () => 'here' } } }
        const app = await build(t, { admissionTimeoutMs: 200, namespaces: { '/bad': bad, '/chat': chat } })
        const socket = await app.injectSocket('/chat', { transport })
        t.ok((await refusal(socket.join('/bad'))).message)
        t.match(await socket.emitWithAck('echo'), { ok: true, data: 'here' })
        t.ok(socket.connected)
      }
    })
  }
}

t.test('request.raw.destroy() of a joined socket does nothing', async (t) => {
  const chat = {
    events: {
      echo: { handler: (_payload: unknown, { request }: { request: FastifyRequest }) => void request.raw.destroy() },
    },
  }
  const app = await build(t, { namespaces: { '/chat': chat } })
  const socket = await app.injectSocket('/chat')
  t.match(await socket.emitWithAck('echo'), { ok: true })
  t.match(await socket.emitWithAck('echo'), { ok: true })
})

const OF_ONE_MESSAGE = {
  'accept-encoding': 'gzip',
  range: 'bytes=0-3',
  'if-none-match': '*',
  'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT',
  te: 'trailers',
  'content-language': 'en',
  'proxy-connection': 'keep-alive',
}

t.test('a connect does not have the headers of its handshake that are about one message', async (t) => {
  const seen: [FastifyRequest['headers'], string[]][] = []
  const chat = { onRequest: async ({ headers, raw }: FastifyRequest) => void seen.push([headers, raw.rawHeaders]) }
  const app = await build(t, { namespaces: { '/chat': chat } })
  for (const transport of ['websocket', 'polling'] as const) {
    await app.injectSocket('/chat', {
      transport,
      headers: { ...OF_ONE_MESSAGE, 'x-own': '1', 'accept-language': 'de' },
    })
  }
  for (const [headers, rawHeaders] of seen) {
    const names = [...Object.keys(headers), ...rawHeaders.filter((_, index) => index % 2 === 0)]
    const lower = names.map((name) => name.toLowerCase())
    for (const name of [...Object.keys(OF_ONE_MESSAGE), 'upgrade', 'connection']) t.notOk(lower.includes(name), name)
    t.match(headers, { 'x-own': '1', 'accept-language': 'de' })
    t.ok(lower.includes('host'))
  }
})

t.test('with @fastify/compress, and a hook that answers If-None-Match, the client can read a refusal', async (t) => {
  const app: FastifyInstance = await build(t, { namespaces: {} }, async (app) => {
    await app.register(compress, { threshold: 0 })
    app.addHook('onSend', async (request, reply, payload) => {
      if (request.headers['if-none-match'] === undefined || request.method !== 'CONNECT') return payload
      reply.code(304)
      return ''
    })
  })
  app.namespace('/no', {
    onRequest: async (_request, reply) => reply.code(403).send({ code: 'NO', message: 'Not you' }),
  })
  const { message, data } = await refusal(app.injectSocket('/no', { headers: OF_ONE_MESSAGE }))
  t.equal(message, 'Not you')
  t.strictSame(data, { code: 'NO', statusCode: 403 })
})
