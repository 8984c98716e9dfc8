import type { FastifyInstance } from 'fastify'
import type { Namespace } from 'socket.io'
import { Adapter } from 'socket.io-adapter'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { Binary, defineNamespace, type NamespacesOptions } from '../../../plugin/index.js'
import { createCluster } from '../cluster-harness.js'
import { build, join, listen, logLines, next, until, untilDrained } from '../harness.js'

const shop = defineNamespace({
  emits: {
    'order:paid': { payload: Type.Object({ id: Type.Integer() }) },
    'image:new': { payload: Binary({ maxBytes: 100 }) },
  },
})
const org = defineNamespace({ emits: { 'order:paid': { payload: Type.Object({ id: Type.Integer() }) }, news: {} } })
const open = defineNamespace({})

async function serve(t: Test, options: NamespacesOptions = {}) {
  const { lines, logger } = logLines()
  const own: NamespacesOptions = {
    userIdOf: ({ headers }) => String(headers['x-user']),
    namespaces: { '/shop': shop, '/orgs/:orgId': org, '/open': open },
    ...options,
  }
  const app = await build(t, own, undefined, { logger })
  app.io.of('/plain').on('connection', () => {})
  return { app, lines, errors: () => lines.filter(({ level }) => Number(level) >= 40) }
}

/** What a user receives, as `[address, event, payload]`. */
async function hear(app: FastifyInstance, user: string, ...addresses: string[]) {
  const heard: unknown[] = []
  const client = await app.injectSocket(addresses[0] as string, { headers: { 'x-user': user } })
  const sockets = [client]
  for (const address of addresses.slice(1)) sockets.push(await client.join(address))
  for (const [index, socket] of sockets.entries()) {
    socket.onAny((event: string, ...args: unknown[]) => heard.push([addresses[index], event, ...args]))
  }
  return { heard, client }
}

t.test('userOf(id).emit() reaches each socket of a user, in every namespace that declares the emit', async (t) => {
  const { app, errors } = await serve(t)
  const ann = await hear(app, 'ann', '/shop', '/orgs/42', '/orgs/7', '/open', '/plain')
  const bob = await hear(app, 'bob', '/shop')
  t.equal(app.userOf('ann').emit('order:paid', { id: 1, secret: 'no' }), true)
  app.userOf('bob').emit('order:paid', { id: 2 })
  await until(() => ann.heard.length === 5 && bob.heard.length === 1)
  t.strictSame(
    new Set(ann.heard.map((each) => JSON.stringify(each))),
    new Set([
      '["/shop","order:paid",{"id":1}]',
      '["/orgs/42","order:paid",{"id":1}]',
      '["/orgs/7","order:paid",{"id":1}]',
      '["/open","order:paid",{"id":1,"secret":"no"}]',
      '["/plain","order:paid",{"id":1,"secret":"no"}]',
    ]),
    'what the schema does not declare is not sent',
  )
  t.strictSame(bob.heard, [['/shop', 'order:paid', { id: 2 }]])
  app.userOf('nobody').emit('order:paid', { id: 3 })
  t.strictSame(errors(), [])
})

t.test('userOf(id, definition) reaches the sockets of one definition, at each of its addresses', async (t) => {
  const { app } = await serve(t)
  const ann = await hear(app, 'ann', '/shop', '/orgs/42', '/orgs/7', '/plain')
  app.userOf('ann', org).emit('order:paid', { id: 1 })
  app.userOf('ann', '/shop').emit('order:paid', { id: 2 })
  await until(() => ann.heard.length === 3)
  t.strictSame(ann.heard.map((each) => JSON.stringify(each)).sort(), [
    '["/orgs/42","order:paid",{"id":1}]',
    '["/orgs/7","order:paid",{"id":1}]',
    '["/shop","order:paid",{"id":2}]',
  ])
})

t.test('an emit to a user is checked where it is emitted', async (t) => {
  const { app } = await serve(t, { namespaces: { '/shop': shop } })
  await app.ready()
  t.throws(() => app.userOf('ann').emit('order:paid', { id: 'x' }), { code: 'FST_NSP_EMIT_INVALID' })
  t.throws(() => app.userOf('ann').emit('nope'), { code: 'FST_NSP_EMIT_UNKNOWN' })
  t.throws(() => app.userOf('ann', '/shop').emit('nope'), { code: 'FST_NSP_EMIT_UNKNOWN' })
  t.throws(() => app.userOf('ann').emit('order:paid', { id: 1 }, 1n), { code: 'FST_NSP_EMIT_INVALID' })
  t.throws(() => app.userOf({} as never), { code: 'FST_NSP_USER_ID_INVALID' })
  t.throws(() => app.userOf(undefined as never), { code: 'FST_NSP_USER_ID_INVALID' })
  t.throws(() => app.userOf('ann', defineNamespace({})), { code: 'FST_NSP_DEFINITION_UNKNOWN' })
  const { app: loose } = await serve(t)
  t.throws(() => loose.userOf('ann', '/open').emit('any', 1n), { code: 'FST_NSP_EMIT_INVALID' })
})

t.test('userOf uses no room: a socket has no additional one, and no client can join one', async (t) => {
  const rooms: unknown[] = []
  const watched = defineNamespace({
    onConnect: ({ socket }) => rooms.push([...socket.rooms].filter((room) => room !== socket.id)),
    onDisconnect: ({ rooms: left, socket }) => rooms.push([...left].filter((room) => room !== socket.id)),
    events: { join: { payload: Type.String(), handler: (room, { socket }) => socket.join(room) } },
  })
  const { app } = await serve(t, { namespaces: { '/watched': watched } })
  const ann = await hear(app, 'ann', '/watched')
  const eve = await hear(app, 'eve', '/watched')
  for (const room of ['ann', 'user:ann']) await eve.client.emitWithAck('join', room)
  app.userOf('ann').emit('hi')
  await until(() => ann.heard.length === 1)
  app.userOf('eve').emit('last')
  await until(() => eve.heard.length > 0)
  t.strictSame(eve.heard, [['/watched', 'last']])
  await ann.client.close()
  await until(() => rooms.length === 3)
  t.strictSame(rooms, [[], [], []])
})

t.test('volatile, compress and local work as in Socket.IO', async (t) => {
  const { app } = await serve(t)
  const ann = await hear(app, 'ann', '/shop')
  const [socket] = app.io.of('/shop').sockets.values()
  const flags: unknown[] = []
  const { emit } = socket as NonNullable<typeof socket>
  const drained = () => untilDrained(socket as NonNullable<typeof socket>)
  Object.assign(socket as object, {
    emit(this: { flags: object }, ...args: [string, ...unknown[]]) {
      flags.push({ ...this.flags })
      return emit.apply(this as never, args)
    },
  })
  const user = app.userOf('ann', shop)
  // One after the other: a volatile emit behind another one is dropped.
  await drained()
  user.volatile.emit('order:paid', { id: 1 })
  await until(() => ann.heard.length === 1)
  user.compress(false).local.emit('order:paid', { id: 2 })
  await until(() => ann.heard.length === 2)
  await drained()
  user.local.volatile.compress(true).emit('order:paid', { id: 3 })
  await until(() => ann.heard.length === 3)
  t.strictSame(flags, [{ volatile: true }, { compress: false }, { compress: true, volatile: true }])
})

t.test('with an adapter, a user is reached on every node, also with binary data', async (t) => {
  const io = { adapter: createCluster() }
  const [one, two] = [await serve(t, { io }), await serve(t, { io })]
  const here = await hear(one.app, 'ann', '/shop')
  // An address that is open on the other node only.
  const there = await hear(two.app, 'ann', '/shop', '/orgs/42', '/plain')
  one.app.userOf('ann').emit('order:paid', { id: 1 })
  await until(() => here.heard.length === 1 && there.heard.length === 3)
  one.app.userOf('ann', shop).emit('image:new', Buffer.from('bytes'))
  await until(() => there.heard.length === 4 && here.heard.length === 2)
  t.strictSame(there.heard.at(-1), ['/shop', 'image:new', Buffer.from('bytes')])
  one.app.userOf('ann', shop).local.emit('order:paid', { id: 2 })
  two.app.userOf('ann', org).emit('news')
  await until(() => here.heard.length === 3 && there.heard.length === 5)
  t.strictSame(there.heard.at(-1), ['/orgs/42', 'news'])
  t.strictSame([...one.errors(), ...two.errors()], [])
})

t.test("a malformed emit from another node, or one that can't be sent, ends nothing", async (t) => {
  const io = { adapter: createCluster() }
  const [one, two] = [await serve(t, { io }), await serve(t, { io })]
  const ann = await hear(two.app, 'ann', '/shop')
  const other = one.app.io.of('/') as Namespace
  const sent = (sends: unknown) => other.serverSideEmit('fastify-namespaces:emit-to-user', 'ann', {}, 'hi', sends)
  sent(null)
  sent([['/shop', ['no packet']]])
  sent([['/shop', ['51-["",{"_placeholder":true,"num":0}]']]])
  await until(() => two.errors().length > 0)
  one.app.userOf('ann', shop).emit('order:paid', { id: 1 })
  await until(() => ann.heard.some((each) => JSON.stringify(each).includes('order:paid')))
  t.strictSame(new Set(two.errors().map(({ msg }) => msg)), new Set(['listener of a namespace failed']))
})

t.test('an adapter that fails, or a socket that does, does not affect the others', async (t) => {
  class Silent extends Adapter {
    override serverSideEmit(): void {
      throw new Error('the broker is gone')
    }
  }
  const { app, errors } = await serve(t, { io: { adapter: Silent as never } })
  const ann = await hear(app, 'ann', '/shop', '/plain')
  const [socket] = app.io.of('/plain').sockets.values()
  Object.assign(socket as object, {
    emit() {
      throw new Error('this one can not')
    },
  })
  app.userOf('ann').emit('order:paid', { id: 1 })
  await until(() => ann.heard.length === 1)
  t.strictSame(
    errors()
      .map(({ msg }) => msg)
      .sort(),
    ['a user was not reached on other nodes', 'an emit failed'],
  )
})

t.test('a user who is connected over polling is reached, too', async (t) => {
  const { app } = await serve(t)
  const url = `http://127.0.0.1:${await listen(app)}`
  const socket = join(t, url, '/shop', { transports: ['polling'], extraHeaders: { 'x-user': 'ann' } })
  await next(socket, 'connect')
  const heard = next(socket, 'order:paid')
  app.userOf('ann', shop).emit('order:paid', { id: 1 })
  t.strictSame(await heard, [{ id: 1 }])
})

t.test('a reserved name, or one that is not a string, is refused where it is emitted', async (t) => {
  const { app } = await serve(t)
  await app.ready()
  for (const name of ['connect', 'disconnect', 'newListener', Symbol('x'), 5]) {
    t.throws(() => app.userOf('ann').emit(name as string, 1), { code: 'FST_NSP_EMIT_INVALID' }, String(name))
  }
})
