import t, { type Test } from 'tap'
import { Type } from 'typebox'
import {
  Binary,
  defineNamespace,
  type EmitOutbox,
  type NamespacesOptions,
  type OutboxDelivery,
} from '../../../../plugin/index.js'
import { build, logLines, until } from '../../harness.js'

/*
 * What is written to an outbox, and what becomes of that: with an outbox that only remembers.
 */

const shop = defineNamespace({
  emits: {
    'order:new': { payload: Type.Object({ id: Type.Integer(), note: Type.Optional(Type.String()) }) },
    file: { payload: Type.Object({ bytes: Binary({ maxBytes: 10 }) }) },
    ping: {},
  },
  events: {
    place: {
      handler: async (id: unknown, { to, socket }) => {
        await socket.join('staff')
        await to('staff').emitIn({ query: async () => {} }, 'order:new', { id: Number(id) })
        return socket.id
      },
    },
  },
})

/** An outbox in hand. */
function createHand(end: () => Promise<void> = async () => {}) {
  const written: Parameters<EmitOutbox['statementOf']>[0][] = []
  const hand = {
    written,
    delivery: undefined as OutboxDelivery | undefined,
    outbox: {
      statementOf(emit) {
        written.push(emit)
        return { text: 'SELECT', values: [] }
      },
      async open(delivery) {
        hand.delivery = delivery
        return end
      },
    } as EmitOutbox,
  }
  return hand
}

const sql = { query: async () => {} }

async function start(t: Test, options: NamespacesOptions = {}, end?: () => Promise<void>) {
  const hand = createHand(end)
  const { lines, logger } = logLines()
  const namespaces = { '/shop': shop, '/orgs/:id': shop, '/free': {} }
  const app = await build(t, { outbox: hand.outbox, namespaces, ...options }, undefined, { logger })
  await app.ready()
  return { app, hand, lines }
}

t.test('an emit is written as it was checked', async (t) => {
  const { app, hand } = await start(t)
  const reach = app.namespaceOf('/shop')
  await reach.to(['a', 'b']).except('c').to('d').emitIn(sql, 'order:new', { id: 1, secret: 'x' })
  await reach.emitIn(sql, 'ping')
  await reach.emitIn(sql, 'ping', { at: new Date(0) })
  await reach.emitIn(sql, 'order:new', { id: 2, note: '\\u0000 is no escape' })
  await app.namespaceOf('/free').emitIn(sql, 'any', null)
  const plain = { rooms: [], except: [], isChecked: true }
  t.strictSame(hand.written, [
    {
      address: '/shop',
      event: 'order:new',
      payload: '{"id":1}',
      rooms: ['a', 'b', 'd'],
      except: ['c'],
      isChecked: true,
    },
    { ...plain, address: '/shop', event: 'ping', payload: undefined },
    { ...plain, address: '/shop', event: 'ping', payload: '{"at":"1970-01-01T00:00:00.000Z"}' },
    { ...plain, address: '/shop', event: 'order:new', payload: '{"id":2,"note":"\\\\u0000 is no escape"}' },
    { ...plain, address: '/free', event: 'any', payload: 'null' },
  ])
})

t.test('a handler emits to the others in its rooms', async (t) => {
  const { app, hand } = await start(t)
  const socket = await app.injectSocket('/orgs/7')
  const { data: id } = await socket.emitWithAck('place', 3)
  t.match(hand.written, [
    { address: '/orgs/7', event: 'order:new', payload: '{"id":3}', rooms: ['staff'], except: [id] },
  ])
})

t.test('what can not wait in an outbox is refused before anything is written', async (t) => {
  const { app, hand } = await start(t)
  const reach = app.namespaceOf('/shop')
  const refused = (emitting: Promise<void>, problem: RegExp, code = 'FST_NSP_OUTBOX_INVALID') =>
    t.rejects(emitting, { code, message: problem })
  await refused(reach.emitIn(sql, 'order:new', { id: 'x' }), /order:new of \/shop does not fit/, 'FST_NSP_EMIT_INVALID')
  await refused(reach.emitIn(sql, 'none'), /none is not declared/, 'FST_NSP_EMIT_UNKNOWN')
  await refused(reach.local.volatile.compress(false).emitIn(sql, 'ping'), /no local and volatile and compress/)
  await refused(reach.emitIn(sql, 'connect'), /its name/)
  await refused(reach.emitIn(sql, '' as never), /its name/)
  await refused(reach.emitIn(sql, 1 as never), /its name/)
  await refused(reach.to(1 as never).emitIn(sql, 'ping'), /the name of a room is a string/)
  await refused((reach.emitIn as never as (...args: unknown[]) => Promise<void>)(sql, 'ping', 1, 2), /one argument/)
  await refused(reach.emitIn(sql, 'file', { bytes: Buffer.from('x') }), /binary data/)
  await refused(reach.emitIn(sql, 'order:new', { id: 1, note: 'a\0' }), /a character that PostgreSQL can not keep/)
  await refused(reach.emitIn(sql, 'order:new', { id: 1, note: '\ud800' }), /a character that PostgreSQL can not keep/)
  const unwritable = [reach.to('a\0'), reach.except('a\0'), reach.to('\ud800')]
  for (const audience of unwritable) await refused(audience.emitIn(sql, 'ping'), /a character that PostgreSQL can not/)
  await refused(app.namespaceOf('/free').emitIn(sql, 'x', 1n), /bigint/, 'FST_NSP_EMIT_INVALID')
  t.strictSame(hand.written, [])
})

t.test('without the option, emitIn() rejects; a wrong option is refused at boot', async (t) => {
  const app = await build(t, { namespaces: { '/shop': shop } })
  await app.ready()
  await t.rejects(app.namespaceOf('/shop').emitIn(sql, 'ping'), { code: 'FST_NSP_OUTBOX_MISSING' })
  await t.rejects(build(t, { outbox: {} as never }), {
    code: 'FST_NSP_OPTIONS_INVALID',
    message: /outbox must be an outbox, e\.g\. createPostgresOutbox\(\): got object/,
  })
})

t.test('an emit of another language is checked where it is delivered', async (t) => {
  const { app, hand } = await start(t)
  const socket = await app.injectSocket('/shop')
  const heard: unknown[][] = []
  socket.onAny((...args) => heard.push(args))
  const { isReady, begin } = hand.delivery as OutboxDelivery
  t.ok(isReady)
  const turn = begin(undefined)
  turn.rewind('/shop')
  t.match(turn, { isNew: false, isLost: false, mark: undefined })
  const plain = {
    address: '/shop',
    event: 'order:new',
    rooms: [],
    except: [],
    payload: '{"id":1,"secret":2}',
    isChecked: false,
  }
  const deliver = (emit: object) => turn.deliver({ ...plain, ...emit }, 'first')
  t.equal(await deliver({}), undefined)
  t.equal(await deliver({ isChecked: true, payload: '{"id":2,"known":true}' }), undefined)
  t.equal(await deliver({ event: 'ping', payload: undefined }), undefined)
  t.equal(await deliver({ rooms: [socket.id], except: ['nobody'] }), undefined)
  t.equal(await deliver({ rooms: ['nobody'] }), undefined)
  t.equal(await deliver({ address: '/orgs/1' }), undefined, 'nobody is there')
  t.match(await deliver({ payload: '{"id":"x"}' }), /does not fit its schema/)
  t.match(await deliver({ event: 'connect' }), /the name of the event can not be emitted/)
  t.match(await deliver({ address: '/nowhere' }), /no definition has this address/)
  t.match(await deliver({ rooms: [null] }), /a room is NULL/)
  await until(() => heard.length >= 4)
  t.strictSame(heard, [
    ['order:new', { id: 1 }],
    ['order:new', { id: 2, known: true }],
    ['ping'],
    ['order:new', { id: 1 }],
  ])
})

t.test('an outbox that can not be closed is told in the log', async (t) => {
  const { app, lines } = await start(t, {}, async () => {
    throw new Error('stuck')
  })
  await app.close()
  t.match(
    lines.find(({ msg }) => msg === 'the outbox could not be closed'),
    { err: { message: 'stuck' } },
  )
})
