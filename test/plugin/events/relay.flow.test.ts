import { type } from 'arktype'
import type { FastifyInstance } from 'fastify'
import type { Socket as ServerSocket } from 'socket.io'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { z } from 'zod'
import { type AnyNamespaceDefinition, Binary, defineNamespace, type NamespacesOptions } from '../../../plugin/index.js'
import { createCluster } from '../cluster-harness.js'
import { chunkOf, connectionOf, enter, inBothModes, until as read, stage } from '../fast-path-harness.js'
import { build, logLines, next, until, untilDrained } from '../harness.js'

/*
 * A relay: an event that is checked, limited, authorised by hooks, and passed on to rooms without a handler.
 */

const POINT = Type.Object({ x: Type.Number(), y: Type.Number() })
const nextLoop = () => new Promise((resolve) => setImmediate(resolve))
const CODE = (ack: { error?: { code?: string } }) => ack.error?.code

/** A server whose sockets are in the rooms of their `auth`, with a client for each of them; and what each client has received. */
async function meet<Name extends string>(
  t: Test,
  fast: boolean,
  definition: AnyNamespaceDefinition,
  rooms: Record<Name, readonly string[]>,
  options: NamespacesOptions = {},
) {
  const { lines, logger } = logLines()
  const inRooms = {
    onConnect: ({ socket }: { socket: { handshake: { auth: { rooms: string[] } }; join(rooms: string[]): void } }) =>
      socket.join(socket.handshake.auth.rooms),
    ...definition,
  }
  const app = await build(t, { ...options, fast, namespaces: { '/docs/:docId': inRooms as never } }, undefined, {
    logger,
  })
  const people = {} as Record<Name, { socket: Socket; events: unknown[][] }>
  for (const [name, own] of Object.entries(rooms)) {
    const socket = (await app.injectSocket('/docs/7', { auth: { rooms: own } })) as Socket
    const events: unknown[][] = []
    socket.onAny((...event) => events.push(event))
    people[name as Name] = { socket, events }
  }
  /** What everybody has received, when all that was sent before has arrived. */
  async function heard() {
    app.io.of('/docs/7').emit('end')
    const all = Object.entries(people) as [Name, { events: unknown[][] }][]
    await Promise.all(all.map(([, { events }]) => until(() => events.some(([event]) => event === 'end'))))
    return Object.fromEntries(
      all.map(([name, { events }]) => [name, events.splice(0).filter(([event]) => event !== 'end')]),
    )
  }
  return { app, people, heard, lines }
}

const cursors = defineNamespace({
  schema: { params: Type.Object({ docId: Type.String() }) },
  emits: { 'cursor:move': { payload: POINT }, end: {} },
  events: {
    'cursor:move': { payload: POINT, relay: { to: ({ params }) => `doc:${params.docId}` } },
  },
}) as AnyNamespaceDefinition

inBothModes('a relayed event goes to the others in the room, not to its sender, and is acked', async (t, fast) => {
  const { people, heard } = await meet(t, fast, cursors, { ada: ['doc:7'], bob: ['doc:7'], eve: ['doc:8'] })
  t.strictSame(await people.ada.socket.emitWithAck('cursor:move', { x: 1, y: 2 }), { ok: true })
  people.ada.socket.emit('cursor:move', { x: 3, y: 4 })
  await people.ada.socket.emitWithAck('cursor:move', { x: 5, y: 6 })
  const moves = [
    { x: 1, y: 2 },
    { x: 3, y: 4 },
    { x: 5, y: 6 },
  ].map((point) => ['cursor:move', point])
  t.strictSame(await heard(), { ada: [], bob: moves, eve: [] })
})

inBothModes('a payload is checked before it is relayed, and only its declared part is passed on', async (t, fast) => {
  const { people, heard } = await meet(t, fast, cursors, { ada: ['doc:7'], bob: ['doc:7'] })
  const { socket } = people.ada
  t.equal(CODE(await socket.emitWithAck('cursor:move', { x: 'left' })), 'FST_NSP_EVENT_INVALID')
  t.equal(CODE(await socket.emitWithAck('cursor:move', { x: 1, y: 2 }, 'more')), 'FST_NSP_EVENT_INVALID')
  await socket.emitWithAck('cursor:move', { x: '1', y: 2, script: '<b>' })
  t.strictSame(await heard(), { ada: [], bob: [['cursor:move', { x: 1, y: 2 }]] }, 'converted, without the rest')
})

const ROOMS: AnyNamespaceDefinition['events'] = {
  everybody: { payload: POINT, relay: {} },
  fixed: { relay: { to: 'a' } },
  several: { relay: { to: ['a', 'b'] } },
  chosen: { payload: Type.Unknown(), relay: { to: ({ payload }) => payload as never } },
  posted: { payload: Type.String(), relay: { to: ({ payload }) => payload, membersOnly: false } },
}

inBothModes('`to` is a room, several, or nobody; without it the whole namespace hears the event', async (t, fast) => {
  const { people, heard } = await meet(
    t,
    fast,
    { events: ROOMS },
    { ada: ['a', 'b'], bob: ['b'], cyd: ['a', 'b'], dan: [] },
  )
  const { socket } = people.ada
  const who = async (event: string, ...args: unknown[]) => {
    t.strictSame(await socket.emitWithAck(event, ...args), { ok: true }, event)
    return Object.entries(await heard())
      .filter(([, events]) => events.length > 0)
      .map(([name, events]) => `${name}:${events.length}`)
  }
  t.strictSame(await who('everybody', { x: 1, y: 1 }), ['bob:1', 'cyd:1', 'dan:1'])
  t.strictSame(await who('fixed'), ['cyd:1'])
  t.strictSame(await who('several'), ['bob:1', 'cyd:1'], 'once each')
  t.strictSame(await who('chosen', 'b'), ['bob:1', 'cyd:1'])
  t.strictSame(await who('chosen', ['a', 'b']), ['bob:1', 'cyd:1'])
  t.strictSame(await who('chosen', []), [], 'an empty list is nobody, not the whole namespace')
  t.strictSame(await who('chosen', null), [])
  t.strictSame(await who('chosen'), [])
})

inBothModes('a room that the sender is not in is refused, unless membersOnly is false', async (t, fast) => {
  const { people, heard, lines } = await meet(t, fast, { events: ROOMS }, { ada: ['a'], bob: ['b'] })
  const { socket } = people.ada
  const foreign = {
    ok: false,
    error: {
      code: 'FST_NSP_ROOM_FOREIGN',
      statusCode: 403,
      message: 'The event chosen goes only to rooms that its sender is in (relay.membersOnly)',
    },
  }
  for (const to of ['b', ['a', 'b'], people.bob.socket.id]) {
    t.strictSame(await socket.emitWithAck('chosen', to), foreign)
  }
  socket.emit('chosen', 'b')
  await until(() =>
    lines.some(({ code, msg }) => code === 'FST_NSP_ROOM_FOREIGN' && msg === 'event without ack refused'),
  )
  t.strictSame(await socket.emitWithAck('posted', 'b'), { ok: true })
  t.strictSame(await heard(), { ada: [], bob: [['posted', 'b']] })
})

inBothModes('without a payload schema nothing that a client sends is passed on', async (t, fast) => {
  const definition = defineNamespace({ emits: { typing: {}, end: {} }, events: { typing: { relay: {} } } })
  const { people, heard } = await meet(t, fast, definition, { ada: [], bob: [] })
  await people.ada.socket.emitWithAck('typing')
  await people.ada.socket.emitWithAck('typing', { script: '<b>' }, 2)
  t.strictSame(await heard(), { ada: [], bob: [['typing'], ['typing']] })
})

const MOVED = Type.Object({ x: Type.Number(), by: Type.String() })
const moves = defineNamespace({
  emits: {
    'cursor:moved': { payload: MOVED },
    near: { payload: Type.Object({ x: Type.Number({ maximum: 9 }) }) },
    end: {},
  },
  events: {
    move: {
      payload: POINT,
      relay: {
        emit: 'cursor:moved',
        data: ({ payload, socket }) => ({ ...payload, by: socket.handshake.auth.rooms[0] }),
      },
    },
    wrong: { payload: POINT, relay: { emit: 'cursor:moved', data: ({ payload }) => payload as never } },
    near: { payload: POINT, relay: {} },
  },
}) as AnyNamespaceDefinition

inBothModes(
  '`emit` names the emit and `data` makes its payload, which is checked as any other emit',
  async (t, fast) => {
    const { people, heard, lines } = await meet(t, fast, moves, { ada: ['a'], bob: [] })
    const { socket } = people.ada
    t.strictSame(await socket.emitWithAck('move', { x: 1, y: 2 }), { ok: true })
    const { error } = await socket.emitWithAck('wrong', { x: 1, y: 2 })
    t.equal(error.code, 'FST_NSP_INTERNAL')
    const line = lines.find(({ errorId }) => errorId === error.details.id)
    t.match(line, { msg: 'event failed', event: 'wrong', err: { code: 'FST_NSP_EMIT_INVALID' } })
    t.strictSame(await heard(), { ada: [], bob: [['cursor:moved', { x: 1, by: 'a' }]] })
  },
)

inBothModes('the payload is checked by the schema of the emit if that is another one', async (t, fast) => {
  const { people, heard } = await meet(t, fast, moves, { ada: [], bob: [] })
  t.strictSame(await people.ada.socket.emitWithAck('near', { x: 9, y: 2 }), { ok: true })
  t.equal(CODE(await people.ada.socket.emitWithAck('near', { x: 10, y: 2 })), 'FST_NSP_INTERNAL')
  t.strictSame(await heard(), { ada: [], bob: [['near', { x: 9 }]] })
})

inBothModes('hooks run as for every event: one that throws stops the relay', async (t, fast) => {
  const order: string[] = []
  const definition = defineNamespace({
    eventHooks: {
      onEvent: () => void order.push('onEvent'),
      onAck: (_context, ack) => void order.push(`onAck ${ack.ok}`),
    },
    events: {
      say: {
        payload: Type.String(),
        preValidation: async () => void order.push('preValidation'),
        preHandler: ({ event }) => {
          order.push('preHandler')
          if (event.payload === 'no') throw Object.assign(new Error('not you'), { statusCode: 403, code: 'NOT_YOU' })
        },
        errors: { FULL: Type.Integer() },
        relay: {
          to: ({ payload, error }) => {
            if (payload === 'full') throw error('FULL', 3)
            return undefined
          },
        },
      },
      all: { payload: Type.String(), preHandler: async () => {}, relay: {} },
    },
  }) as AnyNamespaceDefinition
  const { people, heard } = await meet(t, fast, definition, { ada: [], bob: [] })
  const { socket } = people.ada
  t.strictSame(await socket.emitWithAck('say', 'yes'), { ok: true })
  t.strictSame(order.splice(0), ['onEvent', 'preValidation', 'preHandler', 'onAck true'])
  t.equal(CODE(await socket.emitWithAck('say', 'no')), 'NOT_YOU')
  t.match(await socket.emitWithAck('say', 'full'), { error: { code: 'FULL', details: 3 } }, 'a declared error refuses')
  t.strictSame(await socket.emitWithAck('all', 'later'), { ok: true }, 'after an asynchronous hook')
  t.strictSame(await heard(), { ada: [], bob: [['all', 'later']] })
})

inBothModes('relayed events count towards the limits', async (t, fast) => {
  const { people, heard } = await meet(
    t,
    fast,
    cursors,
    { ada: ['doc:7'], bob: ['doc:7'] },
    { limits: { eventsPerSecond: 2 } },
  )
  const move = () => people.ada.socket.emitWithAck('cursor:move', { x: 1, y: 1 })
  const codes = (await Promise.all([move(), move(), move(), move(), move()])).map(CODE)
  const passed = codes.filter((code) => code === undefined).length
  t.ok(codes.includes('FST_NSP_RATE_LIMITED'))
  t.equal((await heard()).bob?.length, passed)
})

inBothModes('a function that returns a promise, or no room, is a mistake of the server', async (t, fast) => {
  const later = (value: unknown) => (() => Promise.reject(new Error(String(value)))) as never
  const events: AnyNamespaceDefinition['events'] = {
    late: { relay: { to: later('secret') } },
    lateData: { relay: { data: later('secret') } },
    number: { relay: { to: () => 7 as never } },
    list: { relay: { to: () => ['a', 7] as never } },
    thrown: {
      relay: {
        to: () => {
          throw new Error('secret')
        },
      },
    },
  }
  const { people, heard, lines } = await meet(t, fast, { events }, { ada: ['a'], bob: ['a'] })
  const problems: Record<string, RegExp> = {
    late: /^The relay of late is broken: its `to` must return a room, a list of rooms, or undefined for none: got a promise$/,
    lateData: /its `data` must return the payload: got a promise$/,
    number: /got number$/,
    list: /got a list with another value$/,
    thrown: /^secret$/,
  }
  for (const [event, message] of Object.entries(problems)) {
    const { error } = await people.ada.socket.emitWithAck(event)
    t.equal(error.code, 'FST_NSP_INTERNAL', event)
    const line = lines.find(({ errorId }) => errorId === error.details.id)
    t.match(line, { err: { message } }, event)
    if (event !== 'thrown') t.match(line, { err: { code: 'FST_NSP_RELAY_INVALID' } })
  }
  t.strictSame(await heard(), { ada: [], bob: [] })
})

inBothModes('the functions of a relay have the context of a handler, and `this`', async (t, fast) => {
  const seenBy: unknown[] = []
  const definition: AnyNamespaceDefinition = {
    schema: { params: Type.Object({ docId: Type.Integer() }) },
    events: {
      say: {
        payload: Type.String(),
        relay: {
          to(context) {
            seenBy.push(context.payload, context.params, context.event.wantsAck, 'injectSocket' in (this as never))
            return undefined
          },
        },
      },
    },
  }
  const { people } = await meet(t, fast, definition, { ada: [] })
  await people.ada.socket.emitWithAck('say', 'hi')
  t.same(seenBy, ['hi', { docId: 7 }, true, true])
})

inBothModes('listeners of outgoing events see a relayed event as a broadcast', async (t, fast) => {
  const { app, people, heard } = await meet(t, fast, cursors, { ada: ['doc:7'], bob: ['doc:7'] })
  const outgoing: unknown[] = []
  for (const socket of app.io.of('/docs/7').sockets.values()) socket.onAnyOutgoing((...event) => outgoing.push(event))
  await people.ada.socket.emitWithAck('cursor:move', { x: 1, y: 2, z: 3 })
  t.strictSame(outgoing, [['cursor:move', { x: 1, y: 2 }]])
  await heard()
})

const CUSTOM = {
  'with recovery': () => ({ io: { connectionStateRecovery: {} } }),
  'with an adapter for several nodes': () => ({ io: { adapter: createCluster() } }),
}

for (const [way, optionsOf] of Object.entries(CUSTOM)) {
  inBothModes(`a relay arrives without what is not declared, ${way}`, async (t, fast) => {
    const { people } = await meet(t, fast, cursors, { ada: ['doc:7'], bob: ['doc:7'] }, optionsOf())
    await people.ada.socket.emitWithAck('cursor:move', { x: 1, y: 2, z: 3 })
    await until(() => people.bob.events.length > 0)
    const [[event, payload]] = people.bob.events as [[string, unknown]]
    t.strictSame([event, payload], ['cursor:move', { x: 1, y: 2 }])
  })
}

inBothModes('a relay reaches the sockets of other nodes', async (t, fast) => {
  const adapter = createCluster()
  const nodes = []
  for (const person of ['ada', 'bob'])
    nodes.push(await meet(t, fast, cursors, { [person]: ['doc:7'] }, { io: { adapter } }))
  const [one, two] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
  t.strictSame(await one.people.ada?.socket.emitWithAck('cursor:move', { x: 1, y: 2, z: 3 }), { ok: true })
  await until(() => two.people.bob?.events.length === 1)
  t.strictSame(two.people.bob?.events, [['cursor:move', { x: 1, y: 2 }]])
  t.strictSame(one.people.ada?.events, [])
})

const quick = {
  emits: { at: { payload: Type.Integer() }, end: {} },
  events: { at: { payload: Type.Integer(), relay: { volatile: true } } },
} as AnyNamespaceDefinition
const drawing = (volatile: boolean) =>
  ({
    emits: { at: { payload: Type.Integer() } },
    events: { at: { payload: Type.Integer(), relay: { volatile } }, ask: { handler: () => {} } },
  }) as AnyNamespaceDefinition
const at = (index: number) => `42/chat,["at",${index}]`

interface ServerEnd {
  /** Handles a chunk of the client's, as if it had come. */
  read(chunk: Buffer): void
  readonly connection: { write: (...args: unknown[]) => unknown }
}

/** The WebSocket of a socket on the fast path. */
const endOf = (socket: ServerSocket) => connectionOf(socket).transport.socket as unknown as ServerEnd

/** Collects what is written to a socket. */
function noteWrites(socket: ServerSocket): string[] {
  const { connection } = endOf(socket)
  const { write } = connection
  const writes: string[] = []
  connection.write = (...args) => {
    if (args[0] !== '') writes.push(String(args[0]))
    return write.apply(connection, args)
  }
  return writes
}

t.test('on the fast path, volatile events of one chunk all arrive, in one write', async (t) => {
  const { app, port, wire } = await stage(t, quick, { fast: true })
  const other = await enter(t, app, port)
  const writes = noteWrites(other.socket)
  wire.tcp.write(chunkOf(at(1), at(2), at(3), at(4)))
  t.strictSame(await read(other.wire, at(4)), [1, 2, 3, 4].map(at))
  t.equal(writes.length, 1)
})

for (const volatile of [true, false]) {
  const kind = volatile ? 'volatile' : 'other'
  t.test(
    `on the fast path, ${kind} events that come together from several clients are one write for each`,
    async (t) => {
      const { app, port, ...ada } = await stage(t, drawing(volatile), { fast: true })
      const [ben, cyd] = [await enter(t, app, port), await enter(t, app, port)]
      const writes = [ada, ben, cyd].map(({ socket }) => noteWrites(socket))
      // Both are read before the event loop goes on.
      endOf(ada.socket).read(chunkOf(at(1), at(2)))
      endOf(ben.socket).read(chunkOf(at(3)))
      t.strictSame(writes, [[], [], []])
      t.strictSame(await read(cyd.wire, at(3)), [1, 2, 3].map(at))
      t.strictSame(await read(ben.wire, at(2)), [1, 2].map(at))
      t.strictSame(await read(ada.wire, at(3)), [at(3)])
      t.strictSame(
        writes.map(({ length }) => length),
        [1, 1, 1],
      )
    },
  )
}

t.test('on the fast path, what a client is sent while relays wait for it arrives behind them', async (t) => {
  const { app, port, ...ada } = await stage(t, drawing(true), { fast: true })
  const ben = await enter(t, app, port)
  endOf(ada.socket).read(chunkOf(at(1)))
  ben.socket.volatile.emit('at', 2)
  ben.socket.emit('at', 3)
  // Through engine.io.
  ben.socket.conn.write('2/chat,["at",4]', {}, () => {})
  endOf(ada.socket).read(chunkOf(at(5)))
  endOf(ben.socket).read(chunkOf('42/chat,7["ask"]'))
  t.strictSame(await read(ben.wire, '43/chat,7[{"ok":true}]'), [at(1), at(2), at(3), at(4), '43/chat,7[{"ok":true}]'])
  endOf(ada.socket).read(chunkOf(at(6)))
  t.strictSame(
    await read(ben.wire, at(6)),
    [at(6)],
    'a volatile one was lost behind a packet of engine.io, and no other',
  )
})

t.test('a client that is disconnected while relays wait for it has received them', async (t) => {
  const { app, port, ...ada } = await stage(t, drawing(false), { fast: true })
  const ben = await enter(t, app, port)
  endOf(ada.socket).read(chunkOf(at(1)))
  ben.socket.disconnect(true)
  const [first] = (await read(ben.wire, 'closed')) as string[]
  t.equal(first, at(1))
})

inBothModes('a volatile event is lost by a client that does not read, and its next one arrives', async (t, fast) => {
  const { app, port, wire } = await stage(t, quick, { fast })
  const other = await enter(t, app, port)
  const connection = connectionOf(other.socket)
  other.wire.tcp.socket.pause()
  // Until the kernel takes no more.
  for (let isFull = false; !isFull; isFull = !connection.transport.writable) {
    other.socket.emit('end' as never, 'x'.repeat(1_000_000) as never)
    await nextLoop()
    await nextLoop()
  }
  const sender = [...app.io.of('/chat').sockets.values()].find(({ id }) => id !== other.socket.id)
  const wait = () => new Promise<void>((resolve) => sender?.onAny((_event, index) => index === 1 && resolve()))
  const relayed = wait()
  wire.tcp.write(chunkOf(at(1)))
  await relayed
  other.wire.tcp.socket.resume()
  await untilDrained(other.socket)
  wire.tcp.write(chunkOf(at(2)))
  const messages = await read(other.wire, at(2))
  t.notOk(messages.includes(at(1)))
})

const Ark = type({ text: 'string' })
const Zod = z.object({ at: z.string().transform((text) => `${text}!`) })

inBothModes('a payload is checked and transformed once, and any kind of schema strips it', async (t, fast) => {
  let checks = 0
  const bytes = Binary({ maxBytes: 100 })
  const counted = z.string().refine(() => ++checks > 0)
  const definition = {
    emits: {
      zod: { payload: Zod },
      ark: { payload: Ark },
      counted: { payload: counted },
      binary: { payload: bytes },
      end: {},
    },
    events: {
      zod: { payload: Zod, relay: {} },
      ark: { payload: Ark, relay: {} },
      counted: { payload: counted, relay: {} },
      binary: { payload: bytes, relay: {} },
    },
  } as AnyNamespaceDefinition
  const { people, heard } = await meet(t, fast, definition, { ada: [], bob: [] })
  const { socket } = people.ada
  await socket.emitWithAck('zod', { at: 'now', more: 1 })
  await socket.emitWithAck('ark', { text: 'hi', more: 1 })
  await socket.emitWithAck('counted', 'x')
  await socket.emitWithAck('binary', Buffer.from('bytes'))
  t.strictSame((await heard()).bob, [
    ['zod', { at: 'now!' }],
    ['ark', { text: 'hi' }],
    ['counted', 'x'],
    ['binary', Buffer.from('bytes')],
  ])
  t.equal(checks, 1)
})

inBothModes("the application's own serializer writes what is relayed", async (t, fast) => {
  const shouting = (app: FastifyInstance) =>
    app.setSerializerCompiler(() => (value) => JSON.stringify(value).toUpperCase())
  const Text = { type: 'object', properties: { T: { type: 'string' } } }
  const definition = { emits: { say: { payload: Text }, end: {} }, events: { say: { payload: Text, relay: {} } } }
  const app = await build(t, { fast }, shouting)
  app.namespace('/chat', definition as AnyNamespaceDefinition)
  const [ada, bob] = [await app.injectSocket('/chat'), await app.injectSocket('/chat')]
  const said = next(bob as never, 'say')
  await ada.emitWithAck('say', { T: 'hi', more: 1 })
  t.strictSame(await said, [{ T: 'HI' }])
})
