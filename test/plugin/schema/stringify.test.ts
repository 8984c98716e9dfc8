import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { compileOutgoing, type Outgoing } from '../../../plugin/schema/compile.js'
import { compilersOf } from '../../../plugin/schema/fastify-compilers.js'
import { build, next } from '../harness.js'
import { createRandom, type Random } from '../random.js'

/** Compiles a schema of outgoing values in a context with these schemas. */
async function outgoing(
  t: Test,
  prepare: (app: FastifyInstance) => unknown = () => {},
): Promise<(schema: object | boolean) => Outgoing> {
  const app: FastifyInstance = Fastify()
  t.teardown(() => app.close())
  prepare(app)
  app.get('/', { schema: { querystring: { type: 'object' }, response: {} } }, async () => 1)
  await app.ready()
  const compilers = compilersOf(app, '/x')
  return (schema) => compileOutgoing(schema, compilers)
}

const json = (value: unknown) => JSON.parse(JSON.stringify(value))

/** A schema with valid values, each with the value that is sent. */
interface Sample {
  readonly schema: object | boolean
  readonly make: () => [value: unknown, sent: unknown]
}

const TEXTS = [
  '',
  'plain',
  'with "quotes" and \\',
  'lines\nand\ttabs',
  'ümläut €',
  '\u2028',
  '\ud800 alone',
  'x'.repeat(60),
  '</script>',
]
const NUMBERS = [0, -0, 1.5, -7, 1e21, 1e-7, Number.MAX_SAFE_INTEGER]

function createSamples({ next, pick }: Random) {
  const same = (values: readonly unknown[]) => () => {
    const value = pick(values)
    return [value, value] as [unknown, unknown]
  }
  const scalars: (() => Sample)[] = [
    () => ({ schema: { type: 'string' }, make: same(TEXTS) }),
    () => ({ schema: { type: 'number' }, make: same(NUMBERS) }),
    () => ({ schema: { type: 'integer', minimum: -9 }, make: same([0, -0, 3, -9, 1e21, Number.MAX_SAFE_INTEGER]) }),
    () => ({ schema: { type: 'boolean' }, make: same([true, false]) }),
    () => ({ schema: { type: 'null' }, make: same([null]) }),
    () => ({ schema: { type: 'string', nullable: true }, make: same([null, ...TEXTS]) }),
    () => ({ schema: { type: ['integer', 'null'] }, make: same([null, 4]) }),
    () => ({ schema: { type: 'string', format: 'date-time' }, make: dated }),
    () => ({ schema: { type: 'string', format: 'date' }, make: same(['2030-01-02']) }),
    () => ({ schema: { enum: ['a', 1, null] }, make: same(['a', 1, null]) }),
    () => ({ schema: { const: 'only' }, make: same(['only']) }),
    () => ({ schema: { type: 'string', enum: ['a', 'b'] }, make: same(['a', 'b']) }),
    () => ({
      schema: {
        anyOf: [
          { const: 'a', type: 'string' },
          { const: 'b', type: 'string' },
        ],
      },
      make: same(['a', 'b']),
    }),
    () => ({ schema: { anyOf: [{ type: 'null' }, { type: 'boolean' }] }, make: same([null, true]) }),
  ]
  const dated = (): [unknown, unknown] => [new Date(1e12), new Date(1e12).toISOString()]

  const fields = (depth: number): Sample => {
    const known = ['id', 'a b', 'x-y', '"', 'n']
      .slice(0, 1 + Math.floor(next() * 5))
      .map((key) => [key, sample(depth - 1)] as const)
    const required = known.filter(() => next() < 0.5).map(([key]) => key)
    return {
      schema: {
        type: 'object',
        properties: Object.fromEntries(known.map(([key, { schema }]) => [key, schema])),
        ...(required.length > 0 && { required }),
        ...(next() < 0.3 && { additionalProperties: false }),
      },
      make: () => {
        const entries = known
          .filter(([key]) => required.includes(key) || next() < 0.6)
          .map(([key, { make }]) => [key, make()] as const)
        const value = Object.fromEntries(entries.map(([key, [value]]) => [key, value]))
        if (next() < 0.5) Object.assign(value, { undeclared: pick([1, { deep: [1] }, undefined]) })
        return [
          next() < 0.1 ? { toJSON: () => value } : value,
          Object.fromEntries(entries.map(([key, [, sent]]) => [key, sent])),
        ]
      },
    }
  }
  const list = (depth: number): Sample => {
    const { schema, make } = sample(depth - 1)
    return {
      schema: { type: 'array', items: schema },
      make: () => {
        const items = Array.from({ length: Math.floor(next() * 4) }, make)
        return [items.map(([value]) => value), items.map(([, sent]) => sent)]
      },
    }
  }
  const combined: ((depth: number) => Sample)[] = [
    (depth) => {
      const { schema, make } = fields(depth)
      return { schema: { anyOf: [schema, { type: 'null' }] }, make: () => (next() < 0.2 ? [null, null] : make()) }
    },
    (depth) => {
      const { schema, make } = fields(depth)
      return { schema: { ...(schema as object), nullable: true }, make: () => (next() < 0.2 ? [null, null] : make()) }
    },
    (depth) => {
      const { schema, make } = sample(depth - 1)
      return {
        schema: { type: 'object', additionalProperties: schema },
        make: () => {
          const [value, sent] = make()
          return [{ some: value }, { some: sent }]
        },
      }
    },
    () => ({ schema: {}, make: same([1, { any: ['thing'] }, null]) }),
  ]
  function sample(depth: number): Sample {
    if (depth <= 0) return pick(scalars)()
    return pick([fields, fields, fields, list, pick(combined), pick(scalars)])(depth)
  }
  return sample
}

t.test('the written text is that of JSON.stringify and that of a Fastify response', async (t) => {
  const compile = await outgoing(t)
  const app: FastifyInstance = Fastify()
  app.get('/', { schema: { response: {} } }, async () => 1)
  await app.ready()
  const toResponse = (schema: object) =>
    (app.serializerCompiler as never as (route: object) => (value: unknown) => string)({ schema })
  const sample = createSamples(createRandom(7))
  let written = 0
  for (let count = 0; count < 120; count++) {
    const { schema, make } = sample(3)
    const { check, write } = compile(schema)
    const respond = toResponse(schema as object)
    for (let round = 0; round < 25; round++) {
      const [value, sent] = make()
      const before = JSON.stringify(value)
      const checked = check(value)
      const description = JSON.stringify([schema, value])
      if (JSON.stringify(value) !== before) t.fail(`changed: ${description}`)
      const text = write?.(checked)
      if (!isSame(json(checked), json(sent))) t.strictSame(json(checked), json(sent), description)
      if (!isSame(JSON.parse(respond(checked)), json(sent)))
        t.strictSame(JSON.parse(respond(checked)), json(sent), `response: ${description}`)
      if (text === undefined) continue
      written++
      if (!isSame(JSON.parse(text), json(sent))) t.strictSame(JSON.parse(text), json(sent), `written: ${description}`)
    }
  }
  t.ok(written > 500, `${written} were written`)
})

/** Compares JSON values. The order of keys does not matter. */
function isSame(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted)
    if (typeof value !== 'object' || value === null) return value
    return Object.entries(value)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)])
  }
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

t.test('a writer exists only where it is faster than JSON.stringify', async (t) => {
  const compile = await outgoing(t)
  const text = { type: 'string' }
  const fields = { type: 'object', properties: { id: text, tags: { type: 'array', items: text } }, required: ['id'] }
  const written: [schema: object, value: unknown, json: string][] = [
    [fields, { id: 'a', more: 1 }, '{"id":"a"}'],
    [{ type: 'array', items: fields }, [{ id: 'a', tags: ['b'] }], '[{"id":"a","tags":["b"]}]'],
    [{ anyOf: [fields, { type: 'null' }] }, null, 'null'],
    [{ ...fields, additionalProperties: false }, { id: 7 }, '{"id":"7"}'],
    [
      Type.Object({ id: Type.String(), n: Type.Optional(Type.Integer({ default: 3 })) }),
      { id: 'a' },
      '{"id":"a","n":3}',
    ],
    [Type.Object({ kind: Type.Union([Type.Literal('a'), Type.Literal(1)]) }), { kind: 1 }, '{"kind":1}'],
    [Type.Object({ code: { type: ['string', 'integer'] } }), { code: 1 }, '{"code":1}'],
    [
      Type.Object({ at: Type.String({ format: 'date-time' }) }),
      { at: new Date(0) },
      '{"at":"1970-01-01T00:00:00.000Z"}',
    ],
  ]
  for (const [schema, value, json] of written) {
    const { check, write } = compile(schema)
    t.equal(write?.(check(value)), json, json)
    t.equal(write?.(check(value)), json, 'a second time')
  }
  const { check, write } = compile(fields)
  t.throws(() => check({ id: 1n }), { name: 'Error' }, 'what JSON has no word for does not fit')
  t.equal(write?.(7), undefined, 'an unchecked value may not be writable')
  const others: [schema: object | boolean, value: unknown][] = [
    [true, {}],
    [{}, {}],
    [text, 'a'],
    [{ type: 'array', items: text }, ['a']],
    [{ type: 'array', items: [fields] }, [{ id: 'a' }]],
    [{ type: 'object' }, {}],
    [{ type: 'object', properties: { any: {} } }, { any: 1 }],
    [{ type: 'object', properties: { list: { type: 'array', items: {} } } }, { list: [1] }],
    [{ type: 'object', additionalProperties: text }, { a: 'a' }],
    [{ type: 'object', patternProperties: { '^a': text } }, { a: 'a' }],
    [{ properties: { id: text } }, { id: 'a' }],
    [{ type: 'object', properties: { toString: text } }, { toString: 'own' }],
    [{ type: 'object', properties: { either: { anyOf: [fields, text] } } }, { either: 'a' }],
  ]
  for (const [schema, value] of others) {
    const { check, write } = compile(schema)
    t.equal(write?.(check(value)), undefined, JSON.stringify(schema))
  }
})

t.test("a context's own serializer compiler is used if it writes JSON", async (t) => {
  const seen: unknown[] = []
  const own: Record<string, (value: unknown) => unknown> = {
    upper: (value) => JSON.stringify(value).toUpperCase(),
    text: () => 'no JSON',
    bytes: () => Buffer.from('{}'),
    throw: () => {
      throw new Error('no')
    },
  }
  const compile = await outgoing(t, (app) => {
    app.setSerializerCompiler(({ schema, ...route }) => {
      const { title } = schema as { title: string }
      seen.push({ title, ...route })
      if (title === 'unknown') throw new Error('of no use')
      return own[title] as never
    })
  })
  const { check, write } = compile({ title: 'upper', type: 'object', properties: { a: { type: 'string' } } })
  t.strictSame(seen, [], 'nothing is compiled before it is used')
  for (const round of ['once', 'a second time']) {
    const checked = check({ a: 'a', more: 1 })
    t.strictSame(checked, { A: 'A' }, `its output for declared properties is sent, ${round}`)
    t.equal(write?.(checked), '{"A":"A"}')
  }
  const open = compile({ title: 'upper' })
  const bytes = { a: Buffer.from('bytes') }
  t.strictSame(open.check(bytes), bytes, 'binary data is sent as an attachment')
  t.equal(open.write?.(open.check('a')), undefined, 'a string is not cached')
  t.equal(open.check('a'), 'A')
  t.equal(open.check(null), null)
  t.strictSame(
    seen,
    Array.from({ length: 2 }, () => ({ title: 'upper', method: 'CONNECT', url: '/x', httpStatus: '200' })),
    'once for each',
  )
  for (const title of ['text', 'bytes', 'throw', 'unknown']) {
    const { check, write } = compile({ title })
    t.strictSame(check({}), {}, title)
    t.equal(write?.(check({})), undefined, title)
    t.equal(write?.({}), undefined, title)
  }
  t.strictSame(seen.length, 6, 'a schema that does not compile is not compiled again')
})

t.test('replies and emits have the same text with every serializer', async (t) => {
  const schema = { type: 'object', properties: { id: { type: 'string' }, n: { type: 'integer' } }, required: ['id'] }
  const options = (title: string) => ({
    events: { [title]: { reply: schema, handler: () => ({ id: 7, n: '8', more: 9 }) } },
    emits: { said: { payload: schema } },
  })
  const sent = { id: '7', n: 8 }
  const app = await build(t, { namespaces: { '/own': options('get') } })
  app.register(async (scope) => {
    scope.setSerializerCompiler(() => (value) => JSON.stringify(value))
    scope.namespace('/foreign', options('get'))
  })
  for (const [name, expected] of Object.entries({ '/own': sent, '/foreign': sent })) {
    const socket = await app.injectSocket(name)
    t.strictSame(await socket.emitWithAck('get'), { ok: true, data: expected }, name)
    const heard = next(socket, 'said')
    app.io.of(name).emit('said', { id: 7, n: '8', more: 9 })
    t.strictSame(await heard, [expected], name)
  }
})
