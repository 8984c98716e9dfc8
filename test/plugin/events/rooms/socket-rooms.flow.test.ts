import { requestOf } from 'fastify-namespaces'
import t from 'tap'
import { Type } from 'typebox'
import { z } from 'zod'
import type { AnyNamespaceDefinition } from '../../../../plugin/index.js'
import { build, client, until, withResolvers } from '../../harness.js'

const Ticket = Type.Object({ id: Type.Integer({ minimum: 1 }) })
const OK = { ok: true }

function forbidden(code = 'NOT_YOURS') {
  return Object.assign(new Error('Not yours'), { statusCode: 403, code })
}

/** The answer of an event, without what is undefined. */
function codeOf(ack: { error?: { code: string } }): string | undefined {
  return ack.error?.code
}

t.test('a client joins a declared room, which is a room of Socket.IO, and leaves it', async (t) => {
  const { app, socket } = await client(t, {
    rooms: { 'ticket/:id': { params: Ticket }, lobby: {} },
    emits: { changed: { payload: Type.String() } },
  })
  t.match(await socket.emitWithAck('room:join', 'ticket/42'), OK)
  t.match(await socket.emitWithAck('room:join', 'lobby'), OK)
  app.io.of('/chat').to('ticket/42').emit('changed', 'by its name')
  t.equal(await socket.nextEvent('changed'), 'by its name')
  const { to } = app.namespaceOf('/chat') as unknown as { to: { lobby(): { emit(...args: unknown[]): void } } }
  to.lobby().emit('changed', 'as a declared room')
  t.equal(await socket.nextEvent('changed'), 'as a declared room')
  t.match(await socket.emitWithAck('room:leave', 'ticket/42'), OK)
  t.strictSame([...app.io.of('/chat').adapter.rooms.keys()].sort(), ['lobby', socket.id].sort())
})

t.test(
  'joining twice joins once, and authorises once; leaving a room that was not joined changes nothing',
  async (t) => {
    let count = 0
    const { socket } = await client(t, { rooms: { 'ticket/:id': { preJoin: () => void count++ } } })
    t.match(await socket.emitWithAck('room:leave', 'ticket/1'), OK)
    t.match(await socket.emitWithAck('room:join', 'ticket/1'), OK)
    t.match(await socket.emitWithAck('room:join', 'ticket/1'), OK)
    t.equal(count, 1)
  },
)

t.test('a room that is not declared, or spelt in another way, is FST_NSP_ROOM_UNKNOWN', async (t) => {
  const { app, socket } = await client(t, {
    rooms: { 'ticket/:id': { params: Ticket }, 'user/:name/notes': {}, 'team/:a/:b': {} },
    onConnect: ({ socket }) => void socket.join('secret'),
  })
  for (const name of [
    'ticket',
    'ticket/',
    'ticket/1/2',
    'ticket/042',
    'ticket/%31',
    'ticket/%',
    'user/a/b',
    'secret',
    'constructor',
    socket.id,
  ]) {
    t.match(
      await socket.emitWithAck('room:join', name),
      { error: { code: 'FST_NSP_ROOM_UNKNOWN', statusCode: 404, message: /ticket\/:id, user\/:name\/notes/ } },
      String(name),
    )
  }
  t.equal(codeOf(await socket.emitWithAck('room:leave', socket.id as string)), 'FST_NSP_ROOM_UNKNOWN')
  t.equal(codeOf(await socket.emitWithAck('room:leave', 'secret')), 'FST_NSP_ROOM_UNKNOWN')
  t.ok(app.io.of('/chat').adapter.rooms.has('secret'))
  t.match(await socket.emitWithAck('room:join', 'user/%C3%A4%2F1/notes'), OK)
  for (const payload of [undefined, {}, '', 'ticket/'.padEnd(257, '1'), null]) {
    t.equal(codeOf(await socket.emitWithAck('room:join', payload)), 'FST_NSP_EVENT_INVALID')
  }
})

t.test('params that do not fit their schema are FST_NSP_ROOM_PARAMS_INVALID, with the places', async (t) => {
  const day = z.object({ day: z.string().transform(async (text) => new Date(text)) })
  const seen: unknown[] = []
  const { socket } = await client(t, {
    rooms: {
      'ticket/:id': { params: Ticket, preJoin: ({ room }) => void seen.push(room) },
      'day/:day': { params: day, preJoin: ({ room }) => void seen.push(room) },
    },
  })
  t.match(await socket.emitWithAck('room:join', 'ticket/0'), {
    error: {
      code: 'FST_NSP_ROOM_PARAMS_INVALID',
      statusCode: 400,
      details: [{ path: '/id', message: 'must be >= 1' }],
    },
  })
  t.match(await socket.emitWithAck('room:join', 'ticket/7'), OK)
  t.match(await socket.emitWithAck('room:join', 'day/2026-01-01'), OK)
  t.strictSame(seen, [
    { name: 'ticket/7', params: { id: 7 } },
    { name: 'day/2026-01-01', params: { day: new Date('2026-01-01') } },
  ])
})

t.test('a schema that fails by itself is an internal error', async (t) => {
  const broken = z.object({}).transform(() => {
    throw new Error('secret')
  })
  const { socket } = await client(t, { rooms: { 'ticket/:id': { params: broken } } })
  t.match(await socket.emitWithAck('room:join', 'ticket/7'), {
    error: { code: 'FST_NSP_INTERNAL', message: 'Internal error' },
  })
})

t.test('preJoin decides: its 4xx error reaches the client, any other becomes FST_NSP_INTERNAL', async (t) => {
  const order: string[] = []
  const { app, socket } = await client(t, {
    rooms: {
      'ticket/:id': {
        preJoin: [
          async function (context) {
            order.push(`first ${this === app} ${Object.keys(context).join()}`)
          },
          ({ room }) => {
            order.push('second')
            if (room.params.id === '1') throw forbidden()
            if (room.params.id === '2') throw Object.assign(new Error('No'), { statusCode: 403 })
            if (room.params.id === '3') throw new Error('secret')
          },
        ],
      },
    },
  })
  t.match(await socket.emitWithAck('room:join', 'ticket/1'), { error: { code: 'NOT_YOURS', statusCode: 403 } })
  t.match(await socket.emitWithAck('room:join', 'ticket/2'), { error: { code: 'FST_NSP_REFUSED' } })
  t.match(await socket.emitWithAck('room:join', 'ticket/3'), {
    error: { code: 'FST_NSP_INTERNAL', message: 'Internal error' },
  })
  t.strictSame(order.slice(0, 2), ['first true socket,namespace,params,request,log,emit,to,ask,room', 'second'])
  t.strictSame([...app.io.of('/chat').adapter.rooms.keys()], [socket.id])
})

t.test('the events of a room are events: hooks, rates and acks apply to them', async (t) => {
  const seen: unknown[] = []
  const { socket } = await client(
    t,
    {
      rooms: { lobby: {} },
      eventHooks: {
        onEvent: ({ event }) => void seen.push(event),
        onAck: (_context, ack) => void seen.push(ack.ok),
      },
    },
    { limits: { eventsPerSecond: 1 } },
  )
  await socket.emitWithAck('room:join', 'lobby')
  t.strictSame(seen, [{ name: 'room:join', payload: 'lobby', wantsAck: true }, true])
  await socket.emitWithAck('room:leave', 'lobby')
  t.equal(codeOf(await socket.emitWithAck('room:join', 'lobby')), 'FST_NSP_RATE_LIMITED')
})

t.test('a client joins as many rooms as limits.roomsPerSocket says', async (t) => {
  const { socket } = await client(t, { rooms: { 'ticket/:id': {} } }, { limits: { roomsPerSocket: 2 } })
  t.match(await socket.emitWithAck('room:join', 'ticket/1'), OK)
  t.match(await socket.emitWithAck('room:join', 'ticket/2'), OK)
  t.match(await socket.emitWithAck('room:join', 'ticket/3'), {
    error: { code: 'FST_NSP_ROOMS_LIMIT', statusCode: 429 },
  })
})

t.test('joins and leaves of one room run in their order, and those of other rooms at the same time', async (t) => {
  const gate = withResolvers()
  let count = 0
  const { app, socket } = await client(t, {
    rooms: {
      'ticket/:id': {
        preJoin: async ({ room }) => {
          count++
          if (room.params.id === '1') await gate.promise
        },
      },
    },
  })
  const acks: string[] = []
  const send = (event: string, name: string) =>
    socket.emitWithAck(event, name).then(({ ok }: { ok: boolean }) => acks.push(`${event} ${name} ${ok}`))
  const sent = [send('room:join', 'ticket/1'), send('room:join', 'ticket/1'), send('room:leave', 'ticket/1')]
  await send('room:join', 'ticket/2')
  t.strictSame(acks, ['room:join ticket/2 true'])
  gate.resolve()
  await Promise.all(sent)
  t.strictSame(acks.slice(1), ['room:join ticket/1 true', 'room:join ticket/1 true', 'room:leave ticket/1 true'])
  t.equal(count, 2)
  t.strictSame([...app.io.of('/chat').adapter.rooms.keys()].sort(), ['ticket/2', socket.id].sort())
})

t.test('after a failed join, the next one of the same room is authorised by itself', async (t) => {
  let count = 0
  const gate = withResolvers()
  const { socket } = await client(t, {
    rooms: {
      lobby: {
        preJoin: async () => {
          await gate.promise
          if (count++ === 0) throw forbidden()
        },
      },
    },
  })
  const acks = [socket.emitWithAck('room:join', 'lobby'), socket.emitWithAck('room:join', 'lobby')]
  gate.resolve()
  t.match(await Promise.all(acks), [{ error: { code: 'NOT_YOURS' } }, OK])
})

t.test('a preJoin that takes longer than handlerTimeoutMs does not let the client in later', async (t) => {
  const gate = withResolvers()
  const { app, socket } = await client(
    t,
    { rooms: { lobby: { preJoin: () => gate.promise } } },
    { handlerTimeoutMs: 20 },
  )
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const waiting = [socket.emitWithAck('room:join', 'lobby'), socket.emitWithAck('room:join', 'lobby')]
  for (const ack of await Promise.all(waiting)) t.equal(codeOf(ack), 'FST_NSP_HANDLER_TIMEOUT')
  gate.resolve()
  t.match(await socket.emitWithAck('room:leave', 'lobby'), OK)
  t.notOk(app.io.of('/chat').adapter.rooms.has('lobby'))
})

t.test('a socket that has disconnected while preJoin ran is in no room', async (t) => {
  const gate = withResolvers()
  const begun = withResolvers()
  const { app, lines, socket } = await client(t, {
    rooms: {
      lobby: {
        preJoin: () => {
          begun.resolve()
          return gate.promise
        },
      },
    },
  })
  // The second one waits for the first.
  for (const _ of [1, 2]) socket.emit('room:join', 'lobby')
  await begun.promise
  socket.disconnect()
  await until(() => app.io.of('/chat').sockets.size === 0)
  gate.resolve()
  await new Promise(setImmediate)
  t.equal(app.io.of('/chat').adapter.rooms.size, 0)
  t.notOk(
    lines.some(({ level }) => Number(level) >= 50),
    'which is no failure',
  )
})

/** A definition whose sockets have a user and the tickets that the user may read. */
function tickets(more: AnyNamespaceDefinition = {}): AnyNamespaceDefinition {
  return {
    schema: { auth: Type.Object({ may: Type.Array(Type.String()) }) },
    rooms: {
      'ticket/:id': {
        preJoin: async ({ room, request }) => {
          const { may } = request.body as { may: string[] }
          if (may.includes('broken')) throw new Error('secret')
          if (!may.includes(String(room.params.id))) throw forbidden()
        },
      },
      lobby: {},
    },
    events: { renew: { handler: async (may, { reauthenticate }) => reauthenticate({ may: may as string[] }) } },
    ...more,
  }
}

async function desk(t: Parameters<typeof build>[0], definition = tickets()) {
  const app = await build(t, { namespaces: { '/desk': definition } })
  const socket = await app.injectSocket('/desk', { auth: { may: ['1', '2'] } })
  for (const room of ['ticket/1', 'ticket/2', 'lobby']) t.match(await socket.emitWithAck('room:join', room), OK)
  const roomsOf = () => [...app.io.of('/desk').adapter.rooms.keys()].filter((room) => room !== socket.id)
  return { app, socket, roomsOf }
}

t.test('reauthenticate() authorises each room again: a refusal leaves the room, and the client is told', async (t) => {
  const { socket, roomsOf } = await desk(t)
  t.match(await socket.emitWithAck('renew', ['2']), OK)
  t.strictSame(await socket.nextEvent('room:left'), { room: 'ticket/1', code: 'NOT_YOURS' })
  t.strictSame(roomsOf(), ['ticket/2', 'lobby'])
  t.match(await socket.emitWithAck('renew', ['broken']), OK)
  t.strictSame(await socket.nextEvent('room:left'), { room: 'ticket/2', code: 'FST_NSP_INTERNAL' })
  t.strictSame(roomsOf(), ['lobby'])
})

t.test('if reauthenticate() is refused, the rooms stay', async (t) => {
  const { socket, roomsOf } = await desk(t)
  t.equal(codeOf(await socket.emitWithAck('renew', {})), 'FST_NSP_CONNECT_INVALID')
  t.strictSame(roomsOf(), ['ticket/1', 'ticket/2', 'lobby'])
})

t.test('a room into which the server has put a socket is authorised again as well', async (t) => {
  const { app, socket, roomsOf } = await desk(t)
  app.io.of('/desk').socketsJoin('ticket/3')
  await socket.emitWithAck('renew', ['1', '2'])
  t.strictSame(await socket.nextEvent('room:left'), { room: 'ticket/3', code: 'NOT_YOURS' })
  t.strictSame(roomsOf(), ['ticket/1', 'ticket/2', 'lobby'])
})

t.test('a join that was authorised by a former identity is authorised again', async (t) => {
  const gate = withResolvers()
  const asked: unknown[] = []
  const { socket, roomsOf } = await desk(
    t,
    tickets({
      rooms: {
        'ticket/:id': {
          preJoin: async ({ room, request }) => {
            if (room.params.id !== '3') return
            const { may } = request.body as { may: string[] }
            asked.push(may)
            if (asked.length === 1) await gate.promise
            if (asked.length > 1 && !may.includes('3')) throw forbidden()
          },
        },
        lobby: {},
      },
    }),
  )
  const joined = socket.emitWithAck('room:join', 'ticket/3')
  await until(() => asked.length === 1)
  t.match(await socket.emitWithAck('renew', ['1']), OK)
  gate.resolve()
  t.equal(codeOf(await joined), 'NOT_YOURS')
  t.strictSame(asked, [['1', '2'], ['1']])
  t.notOk(roomsOf().includes('ticket/3'))
})

t.test('a preJoin that reauthenticate() waits for too long leaves the room', async (t) => {
  let isSlow = false
  const app = await build(t, {
    handlerTimeoutMs: 20,
    namespaces: {
      '/desk': {
        rooms: { lobby: { preJoin: () => (isSlow ? new Promise(() => {}) : undefined) } },
        events: {
          renew: { handlerTimeoutMs: 0, handler: async (_payload, { reauthenticate }) => reauthenticate() },
        },
      },
    },
  })
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const socket = await app.injectSocket('/desk')
  await socket.emitWithAck('room:join', 'lobby')
  isSlow = true
  t.match(await socket.emitWithAck('renew'), OK)
  t.strictSame(await socket.nextEvent('room:left'), { room: 'lobby', code: 'FST_NSP_HANDLER_TIMEOUT' })
})

t.test('a room that the client has left meanwhile is not told', async (t) => {
  const gate = withResolvers()
  let count = 0
  const { app, socket, roomsOf } = await desk(
    t,
    tickets({
      rooms: {
        'ticket/:id': {
          preJoin: async ({ room }) => {
            if (++count <= 2 || room.params.id === '2') return
            await gate.promise
            throw forbidden()
          },
        },
        lobby: {},
      },
    }),
  )
  const left: unknown[] = []
  socket.on('room:left', (room: unknown) => left.push(room))
  const renewed = socket.emitWithAck('renew', ['1'])
  await until(() => count === 4)
  app.io.of('/desk').socketsLeave('ticket/1')
  gate.resolve()
  t.match(await renewed, OK)
  t.strictSame(roomsOf(), ['ticket/2', 'lobby'])
  t.strictSame(left, [])
})

t.test('a context has declared rooms as audiences, and a relay goes to one', async (t) => {
  const app = await build(t, {
    namespaces: {
      '/desk': {
        rooms: { 'ticket/:id': {} },
        emits: { typing: { payload: Type.String() }, changed: {} },
        events: {
          typing: { payload: Type.String(), relay: { to: ({ payload }) => `ticket/${payload}` } },
          change: {
            handler: (_payload, { to }) =>
              void (to as never as { ticket: CallableFunction }).ticket({ id: 1 }).emit('changed'),
          },
        },
      },
    },
  })
  const [one, two] = [await app.injectSocket('/desk'), await app.injectSocket('/desk')]
  t.equal(codeOf(await one.emitWithAck('typing', '1')), 'FST_NSP_ROOM_FOREIGN')
  for (const socket of [one, two]) await socket.emitWithAck('room:join', 'ticket/1')
  t.match(await one.emitWithAck('typing', '1'), OK)
  t.equal(await two.nextEvent('typing'), '1')
  t.match(await one.emitWithAck('change'), OK)
  await two.nextEvent('changed')
  t.ok(requestOf([...app.io.of('/desk').sockets.values()][0] as never))
})
