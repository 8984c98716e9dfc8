import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type AnyNamespaceDefinition, defineNamespace } from '../../../plugin/index.js'
import { inBothModes } from '../fast-path-harness.js'
import { build, join, listen, next, refusal } from '../harness.js'

const TEAM = { constructor: 'Ferrari', prototype: { year: 2026 } }
const POISON = ['{"__proto__":1}', '{"constructor":{"prototype":1}}', '{"team":{"constructor":{"prototype":{}}}}']
// Not Type.Object: TypeBox checks the keys of an object with `in`.
const Team = {
  type: 'object',
  additionalProperties: false,
  required: ['constructor'],
  properties: { constructor: { type: 'string' }, prototype: Type.Object({ year: Type.Integer() }) },
} as const
const Loose = Type.Record(Type.String(), Type.Unknown())

async function serve(t: Parameters<typeof build>[0], fast: boolean, definition: AnyNamespaceDefinition) {
  const app = await build(t, { fast, namespaces: { '/f1': definition } })
  const url = `http://127.0.0.1:${await listen(app)}`
  const socket = join(t, url, '/f1', { transports: ['websocket'] })
  await next(socket, 'connect')
  return { app, url, socket }
}

inBothModes('a schema may declare constructor and prototype as keys of a payload and of a reply', async (t, fast) => {
  const heard: unknown[] = []
  const { socket } = await serve(t, fast, {
    events: {
      strict: { payload: Team, reply: Team, handler: (team: unknown) => heard.push(team) && team },
      nested: { payload: Type.Object({ list: Type.Array(Loose) }), handler: (payload: unknown) => payload },
      bare: { handler: (payload: unknown) => payload },
    } as AnyNamespaceDefinition['events'] & {},
  })
  t.strictSame(await socket.emitWithAck('strict', { ...TEAM, other: 1 }), { ok: true, data: TEAM })
  t.strictSame(heard, [TEAM], 'undeclared keys are stripped')
  t.strictSame(await socket.emitWithAck('nested', { list: [TEAM] }), { ok: true, data: { list: [TEAM] } })
  // Compared as text: tap reads the `constructor` of a value.
  const ack = await socket.emitWithAck('bare', { constructor: { a: 1 } })
  t.equal(JSON.stringify(ack), '{"ok":true,"data":{"constructor":{"a":1}}}')
  t.match(await socket.emitWithAck('strict', { constructor: [1, 2] }), { error: { code: 'FST_NSP_EVENT_INVALID' } })
  for (const json of POISON) {
    for (const event of ['strict', 'nested', 'bare']) {
      t.match(await socket.emitWithAck(event, JSON.parse(json)), { error: { code: 'FST_NSP_EVENT_MALFORMED' } }, json)
    }
  }
  t.equal(heard.length, 1)
})

inBothModes('a key that a schema does not declare is stripped, even one that objects inherit', async (t, fast) => {
  const payload = { type: 'object', additionalProperties: false, properties: { a: { type: 'integer' } } }
  const { socket } = await serve(t, fast, {
    events: { echo: { payload, handler: (value: unknown) => value } },
  })
  const sent = { a: 1, constructor: 'x', prototype: 'y', toString: 'z' }
  t.strictSame(await socket.emitWithAck('echo', sent), { ok: true, data: { a: 1 } })
})

inBothModes('auth, replies to ask() and events with an idempotency key may have such keys, too', async (t, fast) => {
  const asked: unknown[] = []
  const definition = defineNamespace({
    schema: { auth: Type.Object({ team: Loose }) },
    emits: { which: { reply: Team } },
    events: {
      once: {
        payload: Team,
        idempotency: { key: (team: unknown) => JSON.stringify(team) },
        handler: (team: unknown) => team,
      },
    },
    onConnect: async ({ ask, request }: { ask: (event: string) => Promise<unknown>; request: FastifyRequest }) => {
      asked.push(request.body, await ask('which'))
    },
  } as never) as AnyNamespaceDefinition
  const app = await build(t, { fast, namespaces: { '/f1': definition } })
  const url = `http://127.0.0.1:${await listen(app)}`
  const socket = join(t, url, '/f1', { transports: ['websocket'], auth: { team: TEAM } })
  socket.on('which', (answer: (team: unknown) => void) => answer(TEAM))
  await next(socket, 'connect')
  for (let time = 0; time < 2; time++) {
    t.strictSame(await socket.emitWithAck('once', TEAM), { ok: true, data: TEAM })
  }
  t.strictSame(asked, [{ team: TEAM }, TEAM])
  const poisoned = join(t, url, '/f1', { auth: JSON.parse('{"team":{"constructor":{"prototype":1}}}') })
  const [error] = (await next(poisoned, 'connect_error')) as [Error & { data: unknown }]
  t.match(error.data, { code: 'FST_NSP_EVENT_MALFORMED' })
  t.match(await refusal(app.injectSocket('/f1', { auth: JSON.parse('{"team":{"__proto__":1}}') })), {
    data: { code: 'FST_NSP_EVENT_MALFORMED' },
  })
})
