import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespace, type HandlerContext, type PresenceState, roomName } from '../../../../plugin/index.js'
import { build, until } from '../../harness.js'
import { follow, listOf } from '../../presence/present-client.js'

/*
 * Who is in a declared room, and the feed of one, on one node.
 */

type User = { readonly user: string }
type Caller = { emitWithAck(event: string): Promise<unknown> }

const ticket = (id: number) => roomName('ticket/:id', { id })

/** A desk where tickets have presence, and the room `lobby` has none. */
function createDesk(heard: unknown[] = []) {
  return defineNamespace({
    schema: { auth: Type.Object({ user: Type.String() }) },
    rooms: {
      'ticket/:id': {
        params: Type.Object({ id: Type.Integer() }),
        preJoin: ({ request }) => {
          if (request.body.user === 'eve') throw Object.assign(new Error('No'), { statusCode: 403 })
        },
        presence: {
          key: ({ request }) => request.body.user,
          meta: ({ request, params, room }) => {
            heard.push([room, { ...params }])
            return { sees: room.params.id, as: request.body.user }
          },
          graceMs: 60_000,
        },
      },
      lobby: {},
    },
    events: {
      'mood:set': {
        payload: Type.String(),
        handler: (mood, { presence, socket }) =>
          presence.update(
            { mood },
            [...socket.rooms].find((name) => name !== socket.id),
          ),
      },
      'server:join': { payload: Type.String(), handler: (room, { socket }) => socket.join(room) },
    },
  })
}

/** Joins as a user, follows who is in a ticket, and joins that room. */
async function enter(t: Test, app: FastifyInstance, user: string, room = ticket(1)) {
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const socket = await app.injectSocket('/desk', { auth: { user } })
  const following = follow(socket as never, undefined, room)
  const ack = await socket.emitWithAck('room:join', room)
  return Object.assign(following, { socket, ack })
}

t.test('whoever joins a room is told who is in it, and each is told of joins and leaves at once', async (t) => {
  const sources: unknown[] = []
  const app = await build(t, { namespaces: { '/desk': createDesk(sources) } })
  const ada = await enter(t, app, 'ada')
  await until(() => ada.people.length === 1)
  t.strictSame(ada.states, [
    { room: 'ticket/1', entries: [{ key: 'ada', devices: 1, meta: { sees: 1, as: 'ada' } }], more: 0 },
  ])
  t.strictSame(sources, [[{ name: 'ticket/1', params: { id: 1 } }, {}]])
  const bob = await enter(t, app, 'bob')
  await until(() => bob.people.length === 2 && ada.told.length === 1)
  const elsewhere = await enter(t, app, 'cy', ticket(2))
  await until(() => elsewhere.people.length === 1)
  await bob.socket.emitWithAck('room:leave', ticket(1))
  await until(() => ada.told.length === 2)
  t.strictSame([ada.told, ada.people], [['+bob', '-bob'], ['ada×1']])
  t.strictSame(listOf(await app.namespaceOf('/desk').presence('ticket/2')), ['cy×1'])
  await t.rejects(app.namespaceOf('/desk').presence('lobby'), { code: 'FST_NSP_PRESENCE_OFF' })
  await t.rejects(app.namespaceOf('/desk').presence('nowhere'), { code: 'FST_NSP_PRESENCE_OFF' })
  await t.rejects(app.namespaceOf('/desk').presence(), { code: 'FST_NSP_PRESENCE_OFF' })
})

t.test('whoever disconnects may come back within graceMs, and has never left', async (t) => {
  const app = await build(t, { namespaces: { '/desk': createDesk() } })
  const ada = await enter(t, app, 'ada')
  const bob = await enter(t, app, 'bob')
  await until(() => ada.people.length === 2)
  await bob.socket.close()
  await enter(t, app, 'bob')
  await enter(t, app, 'cy')
  await until(() => ada.people.includes('cy×1'))
  t.strictSame(ada.told, ['+bob', '+cy'])
})

t.test('a room that the server has a socket join counts as well; one that no client could name does not', async (t) => {
  const app = await build(t, { namespaces: { '/desk': createDesk() } })
  const ada = await enter(t, app, 'ada')
  const bob = await app.injectSocket('/desk', { auth: { user: 'bob' } })
  await bob.emitWithAck('server:join', 'ticket/x')
  await bob.emitWithAck('server:join', 'nowhere')
  await bob.emitWithAck('server:join', 'ticket')
  await bob.emitWithAck('server:join', ticket(1))
  await until(() => ada.people.includes('bob×1'))
  app.io.of('/desk').in(String(bob.id)).socketsLeave(ticket(1))
  await until(() => ada.told.includes('-bob'))
  app.io.of('/desk').socketsJoin(ticket(1))
  await until(() => ada.people.includes('bob×1'))
  t.strictSame(listOf(await app.namespaceOf('/desk').presence('ticket/1')), ['ada×1', 'bob×1'])
})

t.test('rooms that were joined while onConnect runs count when it has ended', async (t) => {
  let release!: () => void
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const desk = createDesk()
  const onConnect = async ({ socket }: { socket: { join(room: string): unknown } }) => {
    socket.join(ticket(1))
    await released
  }
  const app = await build(t, { namespaces: { '/desk': { ...desk, onConnect } } })
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const ada = await app.injectSocket('/desk', { auth: { user: 'ada' } })
  t.strictSame(await app.namespaceOf('/desk').presence(ticket(1)), [])
  release()
  const state = (await ada.nextEvent('presence:state')) as PresenceState
  t.strictSame(listOf(state.entries), ['ada×1'])
})

t.test('reauthenticate() in an onConnect counts nobody', async (t) => {
  const desk = createDesk()
  const onConnect = async ({ socket, request, reauthenticate }: HandlerContext<never>) => {
    if (Object(request.body).user !== 'bob') return
    await socket.join(ticket(1))
    await reauthenticate()
  }
  const app = await build(t, { namespaces: { '/desk': { ...desk, onConnect } as never } })
  const ada = await enter(t, app, 'ada')
  await until(() => ada.people.length === 1)
  await app.injectSocket('/desk', { auth: { user: 'bob' } })
  await until(() => ada.people.length === 2)
  t.strictSame(ada.told, ['+bob'])
})

t.test('presence.update() of a room changes what is shown there; of another place it throws', async (t) => {
  const app = await build(t, { namespaces: { '/desk': createDesk() } })
  const ada = await enter(t, app, 'ada')
  await until(() => ada.people.length === 1)
  await ada.socket.emitWithAck('mood:set', 'fine')
  await until(() => ada.told.includes('~ada'))
  t.strictSame(ada.metas, { ada: { mood: 'fine' } })
  const bob = await app.injectSocket('/desk', { auth: { user: 'bob' } })
  t.equal(Object(await bob.emitWithAck('mood:set', 'fine')).ok, false)
})

t.test('reauthenticate() renews who is in the room; whoever may not be in it any more has left', async (t) => {
  const base = createDesk()
  const events = {
    ...base.events,
    renew: { handler: (_: unknown, { reauthenticate }: never) => renew(reauthenticate) },
  }
  let next = { user: 'ann' }
  const renew = (reauthenticate: (auth: User) => Promise<void>) => reauthenticate(next)
  const app = await build(t, { namespaces: { '/desk': { ...base, events } as never } })
  const ada = await enter(t, app, 'ada')
  const bob = await enter(t, app, 'bob')
  await until(() => ada.people.length === 2)
  await (bob.socket as never as { emitWithAck(event: string): Promise<unknown> }).emitWithAck('renew')
  await until(() => ada.people.includes('ann×1'))
  t.strictSame(ada.people, ['ada×1', 'ann×1'])
  next = { user: 'eve' }
  await (bob.socket as never as { emitWithAck(event: string): Promise<unknown> }).emitWithAck('renew')
  await until(() => ada.people.length === 1)
})

t.test('a room whose params are checked asynchronously counts when they are', async (t) => {
  let isFast = true
  const later = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value: unknown) => {
        if (!isFast) await new Promise((resolve) => setImmediate(resolve))
        return { value }
      },
    },
  }
  const key = ({ request }: { request: { body: unknown } }) => Object(request.body).user
  const desk = { rooms: { 'ticket/:id': { params: later, presence: { key } } } }
  const app = await build(t, { namespaces: { '/desk': desk as never } })
  const ada = await enter(t, app, 'ada')
  await until(() => ada.people.length === 1)
  isFast = false
  const bob = await app.injectSocket('/desk', { auth: { user: 'bob' } })
  const socket = app.io.of('/desk').sockets.get(String(bob.id))
  socket?.join(ticket(1))
  socket?.leave(ticket(1))
  await enter(t, app, 'cy')
  await until(() => ada.people.includes('cy×1'))
  t.strictSame(ada.people, ['ada×1', 'cy×1'])
  for (const act of ['join', 'leave', 'join'] as const) socket?.[act](ticket(1))
  await until(() => ada.people.includes('bob×1'))
  await enter(t, app, 'dan')
  await until(() => ada.people.includes('dan×1'))
  t.ok(ada.people.includes('bob×1'), 'who has come back meanwhile counts once')
  socket?.leave(ticket(1))
  await until(() => ada.people.length === 3)
  t.strictSame(ada.people, ['ada×1', 'cy×1', 'dan×1'])
})

t.test('what was shown of a room before the client left it is gone when it comes again', async (t) => {
  const onConnect = async ({ socket, presence }: HandlerContext<never>) => {
    await socket.join(ticket(1))
    presence.update({ mood: 'early' }, ticket(1))
    await socket.leave(ticket(1))
  }
  const app = await build(t, { namespaces: { '/desk': { ...createDesk(), onConnect } as never } })
  const ada = await enter(t, app, 'ada')
  await until(() => ada.people.length === 1)
  t.strictSame(ada.metas, { ada: { sees: 1, as: 'ada' } })
})

t.test('presence.update() of a room that the socket is not in changes nothing, also when it joins later', async (t) => {
  const desk = createDesk()
  const events = {
    'mood:set': {
      handler: (_mood: unknown, { presence }: HandlerContext<never>) => presence.update({ mood: 'late' }, ticket(1)),
    },
  }
  const app = await build(t, { namespaces: { '/desk': { ...desk, events } as never } })
  const ada = await enter(t, app, 'ada', ticket(2))
  t.equal(Object(await (ada.socket as never as Caller).emitWithAck('mood:set')).ok, true)
  const bob = await enter(t, app, 'bob')
  await ada.socket.emitWithAck('room:join', ticket(1))
  await until(() => bob.people.includes('ada×1'))
  t.strictSame(bob.metas.ada, { sees: 1, as: 'ada' })
  await (ada.socket as never as Caller).emitWithAck('mood:set')
  await until(() => Object(bob.metas.ada).mood === 'late')
})

t.test('the feed of a room runs while there are clients in it, and knows the room', async (t) => {
  const told: unknown[] = []
  const app = await build(t, {
    namespaces: {
      '/desk': defineNamespace({
        emits: { 'ticket:tick': { payload: Type.Integer() } },
        rooms: {
          'ticket/:id': {
            params: Type.Object({ id: Type.Integer() }),
            onFirst({ room, namespace, params, signal }) {
              told.push(['first', room, params])
              signal.addEventListener('abort', () => told.push('aborted'))
              namespace.to(room.name).emit('ticket:tick', room.params.id)
            },
            onLast: ({ room, signal }) => told.push(['last', room.name, signal.aborted]),
            onLastGraceMs: 0,
          },
        },
      }),
    },
  })
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const [ada, bob] = await Promise.all([app.injectSocket('/desk'), app.injectSocket('/desk')])
  const tick = ada.nextEvent('ticket:tick')
  await ada.emitWithAck('room:join', ticket(7))
  t.equal(await tick, 7)
  await bob.emitWithAck('room:join', ticket(7))
  await ada.emitWithAck('room:leave', ticket(7))
  t.strictSame(told, [['first', { name: 'ticket/7', params: { id: 7 } }, {}]])
  await bob.close()
  await until(() => told.length === 3)
  t.strictSame(told.slice(1), ['aborted', ['last', 'ticket/7', true]])
})

t.test('a definition in whose rooms nobody is counted, and nothing is fed, listens to no adapter', async (t) => {
  const app = await build(t, { namespaces: { '/desk': { rooms: { lobby: {} } } } })
  t.equal(app.io.of('/desk').adapter.listenerCount('join-room'), 0)
})
