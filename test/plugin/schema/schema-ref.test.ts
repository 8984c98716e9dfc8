import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { Type } from 'typebox'
import { isCertainToCompile } from '../../../plugin/schema/certain-to-compile.js'
import { createRefResolver } from '../../../plugin/schema/schema-ref.js'
import { client } from '../harness.js'
import { createRandom, type Random } from '../random.js'
import { compileWhole, contextCompilers, silence } from '../schema-harness.js'

const NAMES = ['message', 'Thing', 'x-1', '_9']
const text = { type: 'string' }
const message = {
  $id: 'message',
  type: 'object',
  properties: { id: { $ref: '#/definitions/id' } },
  definitions: { id: text },
}

/** Random documents that refer to each other, to parts of themselves, and sometimes to a missing target. */
function createDocuments({ next, pick }: Random) {
  const parts = [
    '#/definitions/a',
    '#/definitions/b',
    ...NAMES.flatMap((name) => [name, `${name}#`, `${name}#/definitions/a`]),
  ]
  const strange = [
    ...'# #/ #a #/definitions #/definitions/a/type #/properties/p #/anyOf/0 #/items message#/%61 message#/$defs/a'.split(
      ' ',
    ),
    ...' nope nope# constructor __proto__ Message ./message /message'.split(' '),
  ]
  const leaves = [text, { type: 'integer' }, {}, true, { type: 'object', properties: { d: { ...text, default: 'd' } } }]
  const doubtful = [
    { type: 'nope' },
    { ...text, default: 'd' },
    { strange: 1 },
    { $id: 'message' },
    { $id: 'own', ...text },
  ]
  const refer = () => ({ $ref: pick(next() < 0.98 ? parts : strange) })
  const kinds: ((depth: number) => object)[] = [
    (depth) => ({ type: 'object', properties: { p: part(depth), q: part(depth) } }),
    (depth) => ({ type: 'array', items: part(depth) }),
    (depth) => ({ anyOf: [part(depth), part(depth)] }),
    (depth) => ({ allOf: [part(depth), part(depth)] }),
    (depth) => ({ not: part(depth) }),
    (depth) => ({ ...refer(), properties: { p: part(depth) } }),
    refer,
  ]
  const part = (depth: number): object | boolean => {
    if (depth > 0) return pick(kinds)(depth - 1)
    return next() < 0.15 ? refer() : pick(next() < 0.99 ? leaves : doubtful)
  }
  return () => ({
    ...pick(kinds)(2),
    definitions: { a: part(1), b: part(1) },
    ...(next() < 0.3 && { $defs: { a: part(1) } }),
  })
}

t.test('a reference is certain if its target document is certain, and then it compiles', async (t) => {
  silence(t)
  const random = createRandom(23)
  const makeDocument = createDocuments(random)
  let [certain, refused] = [0, 0]
  for (let context = 0; context < 10; context++) {
    const added = NAMES.map(($id) => ({ ...makeDocument(), $id }))
    const addAll = (app: FastifyInstance) => added.map((schema) => app.addSchema(schema))
    // Boot refuses some of them, because two schemas have one name.
    const compilers = await contextCompilers(t, {}, addAll).catch(() => undefined)
    for (let count = 0; compilers && count < 150; count++) {
      const schema = makeDocument()
      const isCertain = compilers.isCertain(schema)
      if (isCertain) certain++
      try {
        compileWhole(schema, compilers)
      } catch (error) {
        refused++
        if (isCertain) t.fail(`${(error as Error).message}: ${JSON.stringify([schema, added])}`)
      }
    }
  }
  t.ok(certain > 40, `${certain} were certain`)
  t.ok(refused > 300, `${refused} were refused`)
})

t.test(
  'common references are certain: to added schemas, to parts of them, and to parts of the same schema',
  async (t) => {
    const node = { $id: 'node', type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } } }
    const ring = { $id: 'ring', type: 'object', properties: { other: { $ref: 'gnir' } }, definitions: { id: text } }
    const gnir = { $id: 'gnir', items: { $ref: 'ring#' } }
    const held: unknown[] = []
    const compilers = await contextCompilers(t, {}, (app) => {
      for (const schema of [message, node, ring, gnir]) app.addSchema(schema)
      held.push(app.getSchema('message'))
    })
    const certain = [
      ...[{ $ref: 'message' }, { $ref: 'message#' }, { $ref: 'message#/definitions/id', description: 'beside it' }],
      ...[Type.Object({ all: Type.Array(Type.Ref('message')) }), { $ref: 'node#' }, { $ref: 'ring#/definitions/id' }],
      { $ref: '#/definitions/a-b', definitions: { 'a-b': { items: { $ref: '#/definitions/a-b' } } } },
      { items: { $ref: '#/$defs/a' }, $defs: { a: text } },
      ...(held as object[]),
    ]
    for (const schema of certain) {
      t.ok(compilers.isCertain(schema), JSON.stringify(schema))
      t.doesNotThrow(() => compileWhole(schema, compilers))
    }
  },
)

t.test('a reference that may not resolve, or that may form a cycle, is not certain', async (t) => {
  const nested = { $id: 'nested', definitions: { own: { $id: 'own', ...text } } }
  const bad = { $id: 'bad', definitions: { id: text }, strange: 1 }
  const address = { $id: 'http://example.com/a', ...text }
  const added = {
    message,
    nested,
    bad,
    'http://example.com/a': address,
    filled: { $id: 'filled', ...text, default: '' },
  }
  const resolveRef = createRefResolver(added)
  const refs = ['', '#', 'nope', '__proto__', 'message#/definitions/no', 'message#/definitions/%69d', 'filled']
  const into = ['bad', 'bad#/definitions/id', 'nested', 'nested#/definitions/own', 'http://example.com/a']
  const uncertain = [
    ...[7, ...refs, ...into].map(($ref) => ({ $ref })),
    ...[address, { ...message }, { items: { $ref: '#' } }],
    { $ref: '#/definitions/a', definitions: { a: { $ref: '#/definitions/a' } } },
    { anyOf: [{ $ref: '#/definitions/a' }], definitions: { a: { properties: { d: { ...text, default: '' } } } } },
  ]
  for (const schema of uncertain) t.notOk(isCertainToCompile(schema, resolveRef), JSON.stringify(schema))
})

t.test('an outgoing value of a reference is checked and copied by its target', async (t) => {
  const { app, socket } = await client(
    t,
    {
      events: { get: { payload: { $ref: 'message' }, reply: { $ref: 'message#' }, handler: (payload) => payload } },
      emits: { said: { payload: { $ref: 'message#' } } },
    },
    {},
    (app) => void app.addSchema(message),
  )
  t.strictSame(await socket.emitWithAck('get', { id: 7, more: 1 }), { ok: true, data: { id: '7' } })
  t.match(await socket.emitWithAck('get', { id: [] }), { error: { code: 'FST_NSP_EVENT_INVALID' } })
  app.io.of('/chat').emit('said', { id: 8, more: 1 })
  t.strictSame(await socket.nextEvent('said'), { id: '8' })
})
