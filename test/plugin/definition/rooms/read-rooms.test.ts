import t from 'tap'
import { Type } from 'typebox'
import { contractHash, defineContract } from '../../../../plugin/contract.js'
import { type AnyNamespaceDefinition, defineNamespace } from '../../../../plugin/index.js'
import { runCli } from '../../cli/cli-harness.js'
import { build } from '../../harness.js'

const Ticket = Type.Object({ id: Type.Integer() })

async function describe(t: Parameters<typeof build>[0], definition: AnyNamespaceDefinition) {
  const app = await build(t, { namespaces: { '/desk': definition } })
  await app.ready()
  const description = app.describeNamespaces()
  const [desk] = description.namespaces
  return { app, description, desk: desk as NonNullable<typeof desk> }
}

t.test('a wrong room is refused at boot, with its path', async (t) => {
  const handler = () => {}
  const wrong: [definition: object, message: RegExp][] = [
    [{ rooms: [] }, /\.rooms must be an object: got array/],
    [{ rooms: { '/ticket': {} } }, /\.rooms\["\/ticket"\] must begin with the name of the room/],
    [{ rooms: { ':id': {} } }, /must begin with the name of the room/],
    [{ rooms: { 'a b': {} } }, /must begin with the name of the room/],
    [{ rooms: { 'bind/:id': {} } }, /a function has a property bind already/],
    [{ rooms: { prototype: {} } }, /a function has a property prototype already/],
    [{ rooms: { 'ticket/:id(\\d)': {} } }, /segments like text or :param: got ":id\(\\\\d\)"/],
    [{ rooms: { 'ticket//:id': {} } }, /segments like text or :param: got ""/],
    [{ rooms: { 'ticket/:id/:id': {} } }, /must not have two params named id/],
    [{ rooms: { 'ticket/:__proto__': {} } }, /must not have two params named __proto__|another name/],
    [
      { rooms: { 'ticket/:id': {}, 'ticket/:id/notes': {} } },
      /\["ticket\/:id\/notes"\] has the same first segment as ticket\/:id/,
    ],
    [{ rooms: { lobby: { preJoin: 1 } } }, /\.rooms\["lobby"\]\.preJoin must be a function/],
    [{ rooms: { lobby: { params: 'x' } } }, /\.params must be a schema/],
    [{ rooms: { lobby: { description: 1 } } }, /\.description must be a string/],
    [{ rooms: { lobby: { prejoin: 1 } } }, /\.prejoin is unknown: did you mean "preJoin"/],
    [
      { rooms: { lobby: {} }, events: { 'room:join': { handler } } },
      /\.events\["room:join"\] is an event of the rooms/,
    ],
    [
      { rooms: { lobby: {} }, events: { 'room:leave': { handler } } },
      /\.events\["room:leave"\] is an event of the rooms/,
    ],
    [{ rooms: { lobby: {} }, emits: { 'room:left': {} } }, /\.emits\["room:left"\] is an event of the rooms/],
  ]
  for (const [definition, message] of wrong) {
    await t.rejects(
      Promise.resolve(build(t, { namespaces: { '/desk': definition as never } })).then((app) => app.ready()),
      { code: 'FST_NSP_DEFINITION_INVALID', message },
    )
  }
  const app = await build(t, { namespaces: { '/desk': { rooms: { lobby: { params: { type: 'nonsense' } } } } } })
  await t.rejects(async () => app.ready(), {
    code: 'FST_NSP_DEFINITION_INVALID',
    message: /\/desk rooms\["lobby"\]\.params/,
  })
})

t.test('a definition without rooms may have events of these names', async (t) => {
  const { desk } = await describe(t, { events: { 'room:join': { handler: () => {} } }, emits: { 'room:left': {} } })
  t.strictSame(Object.keys(desk.events), ['room:join'])
  t.notOk('rooms' in desk)
})

t.test('the description has the rooms, their events and their emit', async (t) => {
  const { app, desk } = await describe(t, {
    rooms: { 'ticket/:id': { params: Ticket, description: 'A ticket' }, lobby: {} },
  })
  t.match(desk.rooms, {
    lobby: {},
    'ticket/:id': { description: 'A ticket', params: { jsonSchema: { properties: { id: { type: 'integer' } } } } },
  })
  t.match(desk.events, {
    'room:join': {
      payload: { jsonSchema: { type: 'string', maxLength: 256, description: /`ticket\/:id`, `lobby`/ } },
      errors: { FST_NSP_ROOM_UNKNOWN: {}, FST_NSP_ROOM_PARAMS_INVALID: {}, FST_NSP_ROOMS_LIMIT: {} },
    },
    'room:leave': { errors: { FST_NSP_ROOM_UNKNOWN: {} } },
  })
  t.match(desk.emits, { 'room:left': { payload: { jsonSchema: { required: ['room', 'code'] } } } })
  t.notOk(desk.hasEmits, 'the definition itself declares no emits')
  const { channels, operations } = app.asyncapi()
  t.match(channels.desk?.['x-socketio'], {
    rooms: { lobby: {}, 'ticket/:id': { description: 'A ticket', params: {} } },
  })
  t.match(
    Object.values(operations).map(({ action, title }) => `${action} ${title}`),
    ['receive room:join', 'receive room:leave', 'send room:left'],
  )
})

t.test('a contract has rooms, which its implementation guards; the hash is that of the server', async (t) => {
  const contract = defineContract({ rooms: { 'ticket/:id': { params: Ticket }, lobby: {} } })
  const guarded = defineNamespace(contract, {
    handlers: {},
    rooms: {
      'ticket/:id': {
        preJoin: () => {
          throw Object.assign(new Error('No'), { statusCode: 403, code: 'NO' })
        },
      },
    },
  })
  const { app, desk } = await describe(t, guarded)
  t.equal(contractHash(contract), desk.hash)
  t.not(contractHash(contract), contractHash(defineContract({ rooms: { 'ticket/:id': {}, lobby: {} } })))
  const socket = await app.injectSocket('/desk')
  t.match(await socket.emitWithAck('room:join', 'ticket/1'), { error: { code: 'NO' } })
  t.match(await socket.emitWithAck('room:join', 'lobby'), { ok: true })
  const wrong = (rooms: object) => () =>
    build(t, { namespaces: { '/desk': defineNamespace(contract, { handlers: {}, rooms }) } }).then((app) => app.ready())
  await t.rejects(wrong({ other: {} }), {
    message: /\.rooms\["other"\] is not a room of the contract, which has ticket\/:id, lobby/,
  })
  await t.rejects(wrong({ lobby: { params: {} } }), { message: /\.rooms\["lobby"\]\.params is part of the contract/ })
  const none = defineNamespace(defineContract({ emits: {} }), { handlers: {}, rooms: { other: {} } as never })
  await t.rejects(
    Promise.resolve(build(t, { namespaces: { '/desk': none } })).then((app) => app.ready()),
    { message: /which has none/ },
  )
})

t.test('the command line tells what changed, and writes types', async (t) => {
  const manifest = async (rooms: NonNullable<AnyNamespaceDefinition['rooms']>) =>
    JSON.stringify((await describe(t, { rooms })).description)
  const cwd = t.testdir({
    'old.json': await manifest({
      'ticket/:id': { params: Type.Object({ id: Type.Union([Type.Integer(), Type.String()]) }) },
      gone: {},
    }),
    'new.json': await manifest({ 'ticket/:id': { params: Ticket, description: 'A ticket' }, fresh: {} }),
    'bare.json': JSON.stringify((await describe(t, {})).description),
  })
  const { out } = await runCli(['diff', 'old.json', 'new.json'], { cwd })
  t.match(out, /room gone is gone; clients get FST_NSP_ROOM_UNKNOWN/)
  t.match(out, /room fresh is new/)
  t.match(out, /room ticket\/:id: params/)
  t.match((await runCli(['diff', 'bare.json', 'new.json'], { cwd })).out, /room fresh is new/)
  t.match((await runCli(['diff', 'new.json', 'bare.json'], { cwd })).out, /room fresh is gone/)
  const { out: types } = await runCli(['types', 'new.json'], { cwd })
  t.match(types, /rooms: \{\n\s+fresh: \{\}/)
  t.match(types, /\* A ticket\n[\s\S]+'ticket\/:id': \{\n\s+params: \{\n\s+id: number/)
})
