import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import { type doc, buildServer as serveCursors } from '../../examples/cursors.js'
import { buildServer as serveDocument, type ticket } from '../../examples/document.js'
import { type admin, type chat, buildServer as serveJwt } from '../../examples/jwt.js'
import { countOnline, type org, buildServer as serveMultiTenant } from '../../examples/multi-tenant.js'
import { type createOrders, buildServer as serveOrderTransaction } from '../../examples/order-transaction.js'
import { buildServer as serveOrders, type shop } from '../../examples/orders.js'
import { type payments, buildServer as servePayments } from '../../examples/payments.js'
import { market, buildServer as servePrices } from '../../examples/prices.js'
import { type inbox, buildServer as serveSessionAuth } from '../../examples/session-auth.js'
import { type desk, buildServer as serveSupportDesk } from '../../examples/support-desk.js'
import { type profile, buildServer as serveUpload } from '../../examples/upload.js'
import { requestOf } from '../../plugin/index.js'
import { expiryOf } from '../../plugin/joining/expiry.js'
import { hasPostgres, startPostgres } from '../cluster/postgres.js'
import { build, heard, listen, POLLING, until } from '../plugin/harness.js'
import { joinSlowly } from '../plugin/wire/waiting/slow-client.js'

/*
 * The statements of docs/ and examples/ hold.
 */

// Each example is a process with a compiler.
t.setTimeout(120_000)

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The code that follows a comment of a page, by that comment. */
async function readBlocks(page: string, pattern: RegExp): Promise<[about: string, code: string][]> {
  const found = (await read(page)).matchAll(/<!-- ([^\n]+) -->\n```\w+\n(.*?)```/gs)
  const blocks = [...found].map(([, about = '', code = '']): [string, string] => [about, code])
  return blocks.filter(([about]) => pattern.test(about))
}

/** The exports of a page's code that runs unchanged. */
async function importBlock(page: string): Promise<Record<string, (...args: never[]) => unknown>> {
  const [[, code]] = (await readBlocks(page, /^run by/)) as [[string, string]]
  return import(`data:text/javascript,${encodeURIComponent(code)}`)
}

async function serve(t: Test, buildServer: () => Promise<FastifyInstance>): Promise<FastifyInstance> {
  const app = await buildServer()
  t.teardown(() => app.close())
  return app
}

async function post(app: FastifyInstance, url: string, payload: object, more: object = {}) {
  return app.inject({ method: 'POST', url, payload, ...more })
}

/** The refusal that a client receives. */
async function refusalOf(joining: Promise<unknown>): Promise<{ message: string; data: unknown }> {
  const { message, data } = await joining.then(
    () => ({ message: 'joined', data: undefined }),
    (error) => error,
  )
  return { message, data }
}

const ADA = { user: 'ada', password: 'analytical' }
const BEN = { user: 'ben', password: 'kite' }

async function cookiesOf(app: FastifyInstance, credentials: object): Promise<Record<string, string>> {
  const { cookies } = await post(app, '/login', credentials)
  return Object.fromEntries(cookies.map(({ name, value }) => [name, value]))
}

async function tokenOf(app: FastifyInstance, credentials: object): Promise<string> {
  return (await post(app, '/token', credentials)).json().token
}

t.test('the code that docs/ quotes is in the example, word for word', async (t) => {
  const pages = new Set<string>()
  for (const page of (await readdir(new URL('../../docs', import.meta.url))).filter((file) => file.endsWith('.md'))) {
    for (const [about, code] of await readBlocks(`docs/${page}`, /^from /)) {
      pages.add(page)
      const example = await read(about.replace('from ', ''))
      const flat = (text: string) => text.replace(/^ +/gm, '')
      t.ok(flat(example).includes(flat(code)), `${page}: ${about}: ${code}`)
    }
  }
  for (const page of ['authentication.md', 'binary-data.md', 'dynamic-namespaces.md', 'events.md', 'users.md']) {
    t.ok(pages.has(page), page)
  }
})

for (const name of ['session-auth', 'jwt', 'multi-tenant', 'upload', 'support-desk']) {
  t.test(`examples/${name}.ts runs as a server`, async (t) => {
    // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
    const command = ['-u', 'NODE_OPTIONS', 'PORT=0', process.execPath, '--import', 'tsx', `examples/${name}.ts`]
    const child = spawn('env', command, { cwd: fileURLToPath(new URL('../..', import.meta.url)) })
    const exit = heard(child, 'exit')
    t.teardown(async () => {
      child.kill()
      await exit
    })
    const [output] = await heard(child.stdout, 'data')
    const [url] = /http:\S+/.exec(String(output)) ?? []
    const { status } = await fetch(url + POLLING)
    t.equal(status, 200)
  })
}

t.test('examples/support-desk.ts: each ticket is a room of its customer and of the support', async (t) => {
  const app = await serve(t, serveSupportDesk)
  const join = (user: string) => app.injectSocket<typeof desk>('/desk', { auth: { user } })
  const [ada, ben, support] = [await join('ada'), await join('ben'), await join('support')]
  t.match(await ada.emitWithAck('room:join', 'ticket/1'), { ok: true })
  const alone = [{ key: 'ada', devices: 1, meta: { reads: 1 } }]
  t.strictSame(await ada.nextEvent('presence:state'), { room: 'ticket/1', entries: alone, more: 0 })
  t.match(await support.emitWithAck('room:join', 'ticket/1'), { ok: true })
  t.match(await ada.nextEvent('presence:change'), { room: 'ticket/1', joined: [{ key: 'support' }], left: [] })
  t.match(await ben.emitWithAck('room:join', 'ticket/1'), { ok: false, error: { code: 'NOT_YOURS', statusCode: 403 } })
  t.match(await ben.emitWithAck('message:send', { id: 1, text: 'hi' }), { error: { code: 'NOT_IN_ROOM' } })
  t.match(await ben.emitWithAck('typing:start', { id: 1 }), { error: { code: 'FST_NSP_ROOM_FOREIGN' } })
  t.match(await ada.emitWithAck('typing:start', { id: 1 }), { ok: true })
  t.strictSame(await support.nextEvent('typing:start'), { id: 1 })
  t.match(await ada.emitWithAck('message:send', { id: 1, text: 'It is broken' }), { ok: true })
  t.strictSame(await support.nextEvent('message:new'), { id: 1, text: 'It is broken', from: 'ada' })
})

t.test('examples/session-auth.ts: an HTTP session applies to the socket, and a logout disconnects it', async (t) => {
  const app = await serve(t, serveSessionAuth)
  const refusal = { message: 'Sign in first', data: { code: 'SIGN_IN', statusCode: 401 } }
  t.strictSame(await cookiesOf(app, { ...ADA, password: 'kite' }), {})
  t.match(await refusalOf(app.injectSocket('/inbox')), refusal)
  const cookies = await cookiesOf(app, ADA)
  const desk = await app.injectSocket<typeof inbox>('/inbox', { cookies })
  const [there] = app.io.of('/inbox').sockets.values()
  t.ok(expiryOf(requestOf(there as never)) <= Date.now() + 86_400_000, 'a socket lasts as long as its session')
  const phone = await app.injectSocket<typeof inbox>('/inbox', {
    cookies: await cookiesOf(app, ADA),
    transport: 'polling',
  })
  const ben = await app.injectSocket<typeof inbox>('/inbox', { cookies: await cookiesOf(app, BEN) })
  ben.emit('note:send', { to: 'ada', text: 'Fly it' })
  for (const device of [desk, phone]) t.strictSame(await device.nextEvent('note:new'), { from: 'ben', text: 'Fly it' })

  const disconnects = [desk, phone].map((device) => device.nextEvent('namespace:disconnect'))
  t.strictSame((await post(app, '/logout', {}, { cookies })).json(), { disconnected: 2 })
  t.match(await Promise.all(disconnects), [{ code: 'FST_NSP_USER_DISCONNECTED', message: 'Signed out' }, {}])
  t.match(await refusalOf(app.injectSocket('/inbox', { cookies })), refusal)
  t.ok(ben.connected, 'others stay')
  t.equal((await post(app, '/logout', {}, { cookies })).statusCode, 401)
})

t.test(
  'examples/upload.ts: an image is uploaded and broadcast, within its size limit and only as binary data',
  async (t) => {
    const app = await serve(t, serveUpload)
    for (const transport of ['websocket', 'polling'] as const) {
      const client = await app.injectSocket<typeof profile>('/profile', { transport })
      const image = new Uint8Array(400_000).fill(7)
      const told = client.nextEvent('avatar:new')
      const ack = await client.emitWithAck('avatar:set', { name: 'Ada', image })
      t.match(ack, { ok: true, data: { bytes: 400_000 } })
      const { name, image: heard } = await told
      t.strictSame([name, new Uint8Array(heard)], ['Ada', image])
      const got = await client.emitWithAck('avatar:get', { id: ack.ok ? ack.data.id : '' })
      t.ok(got.ok && got.data && Buffer.from(image).equals(got.data))
      t.strictSame(await client.emitWithAck('avatar:get', { id: 'none' }), { ok: true, data: null })
      t.match(await client.emitWithAck('avatar:set', { name: 'Ada', image: new Uint8Array(500_001) }), {
        error: {
          code: 'FST_NSP_EVENT_INVALID',
          details: [{ path: '/image', message: 'must be at most 500000 bytes' }],
        },
      })
      t.match(await client.emitWithAck('avatar:set', { name: image, image } as never), {
        error: { code: 'FST_NSP_EVENT_INVALID', details: [{ path: '/name', message: 'must not be binary' }] },
      })
    }
  },
)

t.test('examples/jwt.ts: three namespaces over one connection, each with its own authorisation', async (t) => {
  const app = await serve(t, serveJwt)
  t.equal((await post(app, '/token', { ...ADA, password: 'kite' })).statusCode, 401)
  const ada = { token: await tokenOf(app, ADA) }
  const ben = { token: await tokenOf(app, BEN) }
  const news = await app.injectSocket('/news')
  t.match(await refusalOf(news.join('/chat')), {
    data: { code: 'FST_JWT_NO_AUTHORIZATION_IN_HEADER', statusCode: 401 },
  })
  const bens = await news.join<typeof chat>('/chat', { auth: ben })
  t.match(await refusalOf(news.join('/admin', { auth: ben })), { data: { code: 'ADMINS_ONLY', statusCode: 403 } })
  t.equal(app.io.engine.clientsCount, 1)

  const admins = await app.injectSocket<typeof admin>('/admin', { auth: ada })
  const adas = await admins.join<typeof chat>('/chat', { auth: ada })
  adas.emit('message:send', { text: 'Hello' })
  t.strictSame(await bens.nextEvent('message:new'), { from: 'ada', text: 'Hello' })

  const reason = bens.nextEvent('namespace:disconnect')
  t.strictSame(await admins.emitWithAck('user:ban', { user: 'ben' }), { ok: true, data: { disconnected: 1 } })
  t.match(await reason, { code: 'FST_NSP_USER_DISCONNECTED', message: 'Banned' })
  t.match(await refusalOf(bens.join('/admin', { auth: ben })), { data: { code: 'BANNED', statusCode: 403 } })
  t.ok(news.connected)
})

t.test('examples/jwt.ts: a token is renewed while its socket is connected', async (t) => {
  const app = await serve(t, serveJwt)
  const client = await app.injectSocket<typeof chat>('/chat', { auth: { token: app.jwt.sign({ sub: 'ada' }) } })
  const [there] = app.io.of('/chat').sockets.values()
  const expiry = () => expiryOf(requestOf(there as never))
  const before = expiry()
  const token = app.jwt.sign({ sub: 'ada' }, { expiresIn: '1h' })
  t.strictSame(await client.emitWithAck('token:refresh', { token }), { ok: true, data: { user: 'ada' } })
  t.ok(expiry() > before)
  const stale = app.jwt.sign({ sub: 'ada', iat: 1 } as object)
  t.match(await client.emitWithAck('token:refresh', { token: stale }), {
    error: { code: 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED', statusCode: 401 },
  })
  t.ok(client.connected)
})

t.test('examples/multi-tenant.ts: a route and a namespace of an organisation share one hook', async (t) => {
  const app = await serve(t, serveMultiTenant)
  const token = (sub: string) => app.jwt.sign({ sub })
  const enter = (address: string, sub: string) => app.injectSocket<typeof org>(address, { auth: { token: token(sub) } })
  const announce = (orgId: unknown, sub: string) => {
    const headers = { authorization: `Bearer ${token(sub)}` }
    return post(app, `/orgs/${orgId}/announcements`, { text: 'Tea is ready' }, { headers })
  }
  const ada = await enter('/orgs/1', 'ada')
  const cleo = await enter('/orgs/2', 'cleo')
  t.strictSame(await ada.emitWithAck('member:find', { text: 'e' }), { ok: true, data: ['ben'] })
  t.match(await refusalOf(enter('/orgs/2', 'ada')), { data: { code: 'MEMBERS_ONLY', statusCode: 403 } })
  t.match(await refusalOf(enter('/orgs/one', 'ada')), { data: { code: 'FST_NSP_CONNECT_INVALID', statusCode: 400 } })
  t.match(await refusalOf(app.injectSocket('/orgs/1')), { data: { statusCode: 401 } })
  t.equal((await announce(2, 'ada')).statusCode, 403)
  t.equal((await announce('one', 'ada')).statusCode, 400)

  t.equal((await announce(1, 'ben')).statusCode, 202)
  t.strictSame(await ada.nextEvent('announcement:new'), { from: 'ben', text: 'Tea is ready' })
  await countOnline(app)
  t.strictSame(await ada.nextEvent('members:online'), 1)
  t.strictSame(await cleo.nextEvent('members:online'), 1)
  await ada.close()
  await until(() => !app.io._nsps.has('/orgs/1'))
  await countOnline(app)
  await until(() => !app.io._nsps.has('/orgs/1'))
})

t.test('a client encodes a value as docs/dynamic-namespaces.md says', async (t) => {
  const { inAddress } = (await importBlock('docs/dynamic-namespaces.md')) as { inAddress: (value: unknown) => string }
  const app = await build(t, { namespaces: { '/rooms/:room': {}, '/days/:from-:to': {}, '/orders/:id(^\\d+$)': {} } })
  for (const room of ['blue', 'a/b', 'é&=+\'"', '100%', 'a b;c,d\\e?f#g', '日本', 42]) {
    const { address } = app.namespaceOf('/rooms/:room', { room })
    t.equal(`/rooms/${inAddress(room)}`, address)
    t.ok((await app.injectSocket(address)).connected, address)
  }
  for (const address of ['/days/1-5', '/orders/7']) t.ok((await app.injectSocket(address)).connected, address)
  for (const address of ['/rooms/%C3%A9', '/rooms/blue/', '/Rooms/blue', '/orders/x']) {
    t.match(await refusalOf(app.injectSocket(address)), { data: { code: 'FST_NSP_NAMESPACE_UNKNOWN' } }, address)
  }
})

t.test('@fastify/autoload loads a folder of namespaces, its hooks, and its parameters', async (t) => {
  const dir = t.testdir()
  const files = await readBlocks('docs/dynamic-namespaces.md', /^namespaces\//)
  t.equal(files.length, 2)
  for (const [about, code] of files) {
    const path = join(dir, about.replace(/\.js,.*/, '.mjs'))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, code)
  }
  const app = await build(t, {})
  await app.register(autoload, { dir: join(dir, 'namespaces'), routeParams: true, autoHooks: true })
  const client = await app.injectSocket('/orgs/42/rooms/blue')
  t.strictSame((await client.emitWithAck('whereami')).data, { orgId: '42', room: 'blue' })
  t.match(await refusalOf(app.injectSocket('/orgs/43/rooms/blue')), { message: 'Not your organisation' })
})

t.test('examples/orders.ts: an event in its own file, socket.data with a type, and an emit to a user', async (t) => {
  const app = await serve(t, serveOrders)
  const customer = await app.injectSocket<typeof shop>('/shops/7', { query: { user: 'ada' } })
  const first = await customer.emitWithAck('order:place', { item: 'tea' })
  t.strictSame(first, { ok: true, data: { id: '7-tea-1' } })
  t.strictSame(await customer.nextEvent('order:new'), { id: '7-tea-1' })
  await customer.emitWithAck('order:place', { item: 'cup' })
  const third = await customer.emitWithAck('order:place', { item: 'pot' })
  t.match(third, { ok: false, error: { code: 'TOO_MANY', details: { max: 2 } } })
  const paid = await post(app, '/paid/ada/7-tea-1', {})
  t.strictSame(paid.json(), { shops: [7] })
  t.strictSame(await customer.nextEvent('order:paid'), { id: '7-tea-1' })
})

t.test('examples/payments.ts: a payment that is sent again is made once, for each user', async (t) => {
  const app = await serve(t, servePayments)
  const join = (user: string) => app.injectSocket<typeof payments>('/payments', { query: { user } })
  const [ada, again, ben] = [await join('ada'), await join('ada'), await join('ben')]
  const payment = { key: 'b1e2d3f4-0000-4000-8000-000000000001', to: 'ben', cents: 100 }
  const first = await ada.emitWithAck('pay', payment)
  t.match(first, { ok: true, data: { receipt: String } })
  t.strictSame(await again.emitWithAck('pay', payment), first)
  t.notSame(await ben.emitWithAck('pay', payment), first)
  t.match(await ada.emitWithAck('pay', { ...payment, cents: 200 }), { error: { code: 'FST_NSP_KEY_REUSED' } })
})

t.test(
  'examples/order-transaction.ts: stock, order and ack are written together, and the others are told',
  { skip: !(await hasPostgres()) },
  async (t) => {
    const url = (await startPostgres(t)).url()
    const app = await serve(t, () => serveOrderTransaction(url))
    const database = new pg.Client(url)
    await database.connect()
    t.teardown(() => database.end())
    await database.query("INSERT INTO stock VALUES ('kite', 1)")
    const [socket, other] = [
      await app.injectSocket<ReturnType<typeof createOrders>>('/orders'),
      await app.injectSocket<ReturnType<typeof createOrders>>('/orders'),
    ]
    const told = other.nextEvent('stock:left')
    const order = { key: crypto.randomUUID(), item: 'kite' }
    const ack = await socket.emitWithAck('order:place', order)
    t.match(ack, { ok: true, data: { id: 1 } })
    t.strictSame(await told, { item: 'kite', left: 0 })
    t.strictSame(await socket.emitWithAck('order:place', order), ack)
    const late = await socket.emitWithAck('order:place', { ...order, key: crypto.randomUUID() })
    t.match(late, { ok: false, error: { code: 'SOLD_OUT', details: { item: 'kite' } } })
    t.strictSame((await database.query('SELECT left_over FROM stock')).rows, [{ left_over: 0 }])
    t.equal((await database.query('SELECT 1 FROM orders')).rowCount, 1)
  },
)

t.test('examples/cursors.ts: cursors and typing go to the other editors, and guests only read', async (t) => {
  const app = await serve(t, serveCursors)
  const enter = (user: string, docId = '7') => app.injectSocket<typeof doc>(`/docs/${docId}`, { auth: { user } })
  const [ada, ben, guest, other] = [
    await enter('ada'),
    await enter('ben'),
    await enter('guest'),
    await enter('cyd', '8'),
  ]
  const heard: string[] = []
  for (const [who, socket] of Object.entries({ ada, guest, other }))
    socket.onAny((event) => heard.push(`${who} ${event}`))
  t.strictSame(await ada.emitWithAck('cursor:move', { x: 1, y: 2 }), { ok: true })
  t.strictSame(await ben.nextEvent('cursor:moved'), { x: 1, y: 2, user: 'ada' })
  await ada.emitWithAck('typing:start')
  await ben.nextEvent('typing:start')
  t.match(await guest.emitWithAck('cursor:move', { x: 1, y: 2 }), { error: { code: 'FST_NSP_ROOM_FOREIGN' } })
  t.match(await guest.emitWithAck('text:change', { text: 'mine' }), { error: { message: 'Guests only read' } })
  t.strictSame(await ada.emitWithAck('text:change', { text: 'ours' }), { ok: true })
  t.strictSame(await guest.nextEvent('text:changed'), { text: 'ours' })
  t.strictSame(heard, ['guest text:changed'])
})

t.test(
  'examples/prices.ts: a client that is behind receives the newest price of each symbol, and 100 trades',
  async (t) => {
    const app = await serve(t, servePrices)
    const slow = await joinSlowly(t, app, await listen(app), '/market')
    await slow.stall()
    for (let price = 1; price <= 150; price++) {
      const trade = { symbol: price % 2 ? 'ACME' : 'EMCA', price, amount: 1 }
      t.equal((await post(app, '/trades', trade)).statusCode, 204)
    }
    app.namespaceOf(market).emit('price:new', { symbol: 'END', price: 0 })
    slow.resume()
    await until(() => slow.events.some(([, payload]) => Object(payload).symbol === 'END'))
    const of = (event: string) => slow.events.filter(([name]) => name === event).map(([, payload]) => payload)
    t.match(of('price:new'), [
      { symbol: 'ACME', price: 149 },
      { symbol: 'EMCA', price: 150 },
      { symbol: 'END', price: 0 },
    ])
    t.equal(of('trade:new').length, 100)
    t.strictSame(of('namespace:dropped'), [{ emit: 'trade:new', dropped: 50 }])
  },
)

t.test('examples/document.ts: a document behind a password', async (t) => {
  const app = await serve(t, serveDocument)
  const url = '/namespaces/asyncapi.json'
  t.match(await app.inject(url), { statusCode: 401, headers: { 'www-authenticate': /^Basic/ } })
  const authorization = `Basic ${Buffer.from('docs:docs').toString('base64')}`
  const document = (await app.inject({ url, headers: { authorization } })).json()
  t.match(document, { info: { title: 'Support desk' }, servers: { production: { host: 'desk.example.com' } } })
  t.strictSame(Object.keys(document.components.schemas), ['Message'])
  t.match(await app.inject('/namespaces/'), { statusCode: 401 })
  t.match((await app.inject({ url: '/namespaces/', headers: { authorization } })).body, '<!doctype html>')
  t.notMatch(JSON.stringify(document), 'ticket:dump')

  const client = await app.injectSocket<typeof ticket>('/tickets/4711', { auth: { token: 'any' } })
  const sent = await client.emitWithAck('message:send', { from: 'Ada', text: 'The printer is on fire' })
  t.match(sent, { ok: true, data: { from: 'Ada' } })
  t.match(await client.nextEvent('message:new'), { text: 'The printer is on fire' })
  const closed = await app.injectSocket<typeof ticket>('/tickets/0', { auth: { token: 'any' } })
  const refused = await closed.emitWithAck('message:send', { from: 'Ada', text: 'Hello?' })
  t.match(refused, { ok: false, error: { code: 'TICKET_CLOSED', details: { closedAt: String } } })
})
