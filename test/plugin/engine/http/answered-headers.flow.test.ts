import type { IncomingMessage } from 'node:http'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import session from '@fastify/session'
import t from 'tap'
import { build, join, listen, next, POLLING, shake, WEBSOCKET } from '../../harness.js'

/*
 * The headers of responses: all cookies on every transport; headers that hooks have set, also on later polls.
 */

type HeaderListener = (headers: Record<string, unknown>, raw: IncomingMessage) => void

async function cookieApp(t: Parameters<typeof build>[0], event: 'initial_headers' | 'headers') {
  const app = await build(t, { namespaces: { '/chat': {} }, io: { cookie: { name: 'io' } } }, async (app) => {
    await app.register(cookie)
    await app.register(session, { secret: 'a secret of more than 32 characters', cookie: { secure: false } })
    app.addHook('onRequest', async (request, reply) => {
      request.session.set('who' as never, 'ada' as never)
      reply.setCookie('hook', '1').setCookie('other', '2')
    })
  })
  const listener: HeaderListener = (headers) => {
    headers['set-cookie'] = 'listener=1'
  }
  app.io.engine.on(event, listener)
  return `127.0.0.1:${await listen(app)}`
}

const namesOf = (cookies: readonly string[] | undefined) => (cookies ?? []).map((line) => line.split('=')[0]).sort()

for (const event of ['initial_headers', 'headers'] as const) {
  t.test(`a listener of ${event} that sets a cookie keeps those of hooks, HTTP sessions and io.cookie`, async (t) => {
    const host = await cookieApp(t, event)
    const all = ['hook', 'io', 'listener', 'other', 'sessionId']
    const polled = await fetch(`http://${host}${POLLING}`)
    t.strictSame(namesOf(polled.headers.getSetCookie()), all, 'polling')
    const { headers } = await shake(`ws://${host}${WEBSOCKET}`)
    // The engine sets its own cookie only over polling.
    const others = all.filter((name) => name !== 'io')
    t.strictSame(namesOf(headers['set-cookie'] as string[]), others, 'WebSocket')
  })
}

t.test('a refusal by reply.raw.writeHead() has its status and its headers, in every form', async (t) => {
  const forms: [unknown[], Record<string, string>][] = [
    [['No Entry'], {}],
    [['No Entry', { 'X-Why': 'because' }], { 'x-why': 'because' }],
    [['No Entry', ['X-Why', 'because', 'X-More', 'one']], { 'x-why': 'because', 'x-more': 'one' }],
    [['No Entry', [['X-Why', 'because']]], { 'x-why': 'because' }],
    [[{ 'X-Why': 'because', 'X-None': undefined }], { 'x-why': 'because' }],
    [[undefined, { 'X-Why': 'because' }], { 'x-why': 'because' }],
  ]
  for (const [rest, expected] of forms) {
    const app = await build(t, undefined, (app) => {
      app.addHook('onRequest', async (_request, reply) => {
        reply.hijack()
        // An undefined argument is ignored.
        ;(reply.raw.writeHead as (...args: unknown[]) => typeof reply.raw)(403, ...rest).end('no')
      })
    })
    const { statusCode, headers, body } = await shake(`ws://127.0.0.1:${await listen(app)}${WEBSOCKET}`)
    t.match({ statusCode, body }, { statusCode: 403, body: 'no' })
    const own = Object.keys(headers).filter((name) => /^(x-|\d)/.test(name))
    t.strictSame(Object.fromEntries(own.map((name) => [name, headers[name]])), expected)
  }
})

t.test('the status text of a refusal is the message of the connect error', async (t) => {
  const app = await build(t, undefined, (app) => {
    app.addHook('onRequest', async ({ method }, reply) => {
      if (method !== 'CONNECT') return
      reply.hijack()
      reply.raw.writeHead(403, 'No Entry').end()
    })
  })
  await t.rejects(app.injectSocket('/chat'), { message: 'No Entry' })
})

t.test(
  'headers that hooks set on a polling handshake are on later polls and posts, except those about one response',
  async (t) => {
    let asked = 0
    const origin = 'https://page.example'
    const app = await build(t, { namespaces: { '/chat': {} }, io: { cors: { origin: [origin] } } }, async (app) => {
      await app.register(cors, { origin: [origin], credentials: true, exposedHeaders: ['x-own'] })
      app.addHook('onRequest', async ({ method }, reply) => {
        if (method !== 'CONNECT') asked++
        reply.header('x-own', 'one').header('set-cookie', 'a=1').header('cache-control', 'max-age=60')
        reply.header('x-ratelimit-remaining', 3)
      })
      app.addHook('onSend', async (_request, reply) => void reply.header('x-late', 'two'))
    })
    const url = `http://127.0.0.1:${await listen(app)}${POLLING}`
    const headers = { origin }
    const handshake = await fetch(url, { headers })
    t.match(handshake.headers.get('set-cookie'), 'a=1')
    const { sid } = JSON.parse((await handshake.text()).slice(1))
    const post = await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '40/chat,', headers })
    const poll = await fetch(`${url}&sid=${sid}`, { headers })
    for (const answer of [handshake, post, poll]) {
      t.equal(answer.status, 200)
      t.equal(answer.headers.get('access-control-allow-origin'), origin)
      t.equal(answer.headers.get('access-control-allow-credentials'), 'true')
      t.equal(answer.headers.get('access-control-expose-headers'), 'x-own')
      t.equal(answer.headers.get('x-own'), 'one')
      t.equal(answer.headers.get('x-late'), 'two')
      t.match(answer.headers.get('vary'), /origin/i)
    }
    for (const answer of [post, poll]) {
      t.equal(answer.headers.get('set-cookie'), null)
      t.not(answer.headers.get('cache-control'), 'max-age=60')
      t.equal(answer.headers.get('x-ratelimit-remaining'), null)
    }
    t.equal(asked, 1, 'no hook runs for a poll')
    const preflight = await fetch(`${url}&sid=${sid}`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-token' },
    })
    t.equal(preflight.headers.get('access-control-allow-credentials'), 'true')
  },
)

t.test('a poll of another origin does not have the CORS headers of the handshake', async (t) => {
  const app = await build(t, undefined, (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('access-control-allow-credentials', 'true').header('x-own', 'x'.repeat(3_000))
    })
  })
  const url = `http://127.0.0.1:${await listen(app)}${POLLING}`
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1))
  const post = await fetch(`${url}&sid=${sid}`, {
    method: 'POST',
    body: '40/chat,',
    headers: { origin: new URL(url).origin },
  })
  t.equal(post.headers.get('access-control-allow-credentials'), null)
  t.equal(post.headers.get('x-own')?.length, 3_000)
})

t.test('later polls work if hooks set no header, and if they set the same header for each handshake', async (t) => {
  for (const prepare of [undefined, true]) {
    const app = await build(t, undefined, (app) => {
      if (prepare) app.addHook('onRequest', async (_request, reply) => void reply.header('x-own', '1'))
    })
    const url = `http://127.0.0.1:${await listen(app)}`
    for (let count = 0; count < 2; count++) {
      await next(join(t, url, '/chat', { transports: ['polling'], forceNew: true } as object), 'connect')
    }
  }
  t.pass()
})
