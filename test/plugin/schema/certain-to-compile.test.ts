import { Type as LegacyType } from '@sinclair/typebox'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t from 'tap'
import { Type } from 'typebox'
import { isCertainToCompile } from '../../../plugin/schema/certain-to-compile.js'
import { compileIncoming, compileOutgoing } from '../../../plugin/schema/compile.js'
import { compilersOf } from '../../../plugin/schema/fastify-compilers.js'
import type { CompileJsonSchema } from '../../../plugin/schema/schema.js'
import { build, client } from '../harness.js'
import { createRandom, type Random } from '../random.js'
import { compileWhole, contextCompilers, silence } from '../schema-harness.js'

const isCertainAlone = (schema: unknown) => isCertainToCompile(schema, () => undefined)

const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']
const ODD = [undefined, null, 0, -1, 1.5, Number.NaN, 1 / 0, '', 'x', true, false, [], {}, [null], ['a', 'a'], () => 1]

/** Random schemas with all keywords of the draft and some others, most of them valid. */
function createSchemas({ next, pick }: Random) {
  const map = (depth: number, names: readonly string[]) => {
    const properties: Record<string, PropertyDescriptor> = {}
    for (let count = 0; count < 3; count++) properties[pick(names)] = { value: schema(depth), enumerable: true }
    return Object.defineProperties({}, properties)
  }
  const list = (depth: number) => Array.from({ length: Math.floor(next() * 3) }, () => schema(depth))
  const good: Record<string, (depth: number) => unknown> = {
    title: () => 'a title',
    description: () => 'it says',
    $comment: () => 'why',
    readOnly: () => true,
    writeOnly: () => false,
    deprecated: () => true,
    examples: () => [1, {}],
    default: () => pick([1, 'x', null, {}, []]),
    type: () => pick([...TYPES, [pick(TYPES), pick(TYPES)], ['string', 'null'], 'nope']),
    nullable: () => pick([true, true, false]),
    enum: () => pick([[1, 'a', null], [1, 1], [], ['x'], [{}]]),
    const: () => pick([1, 'x', null, { a: 1 }]),
    format: () => pick(['date', 'uuid', 'email', 'nope', 'int32', 'binary', 'regex', 'json-pointer-uri-fragment']),
    pattern: () => pick(['^a', '[', '\\d+', 'a\\Z', '(?<x>a)\\k<x>', '\\-', '^.{1,3}$', '\\p{L}', '(?=a)*']),
    minLength: () => pick([0, 5, -1]),
    maxLength: () => pick([5, 0, 1.5]),
    minimum: () => pick([0, -5, 1.5]),
    maximum: () => 10,
    exclusiveMinimum: () => pick([0, true]),
    exclusiveMaximum: () => 3,
    multipleOf: () => pick([1, 0.01, 0, -1]),
    items: (depth) => pick([schema(depth), schema(depth), [schema(depth)], true]),
    minItems: () => 0,
    maxItems: () => 4,
    uniqueItems: () => pick([true, false]),
    contains: schema,
    properties: (depth) => map(depth, ['a', 'b', 'constructor', 'a b', '"', "'", '\u2028', '__proto__', '\\', '`']),
    patternProperties: (depth) => map(depth, ['^a', '[', '.*', '\\d', '']),
    additionalProperties: (depth) => pick([true, false, schema(depth)]),
    propertyNames: schema,
    required: () => pick([['a'], ['a', 'b'], [], ['a', 'a'], 'a', ['__proto__']]),
    minProperties: () => 1,
    maxProperties: () => 3,
    allOf: list,
    anyOf: list,
    oneOf: list,
    not: schema,
  }
  const others: typeof good = {
    additionalItems: schema,
    minContains: () => 1,
    dependencies: (depth) => ({ a: pick([['b'], schema(depth)]) }),
    dependentRequired: () => ({ a: ['b'] }),
    if: schema,
    else: schema,
    $ref: () => pick(['#', '#/definitions/a', 'nope']),
    definitions: (depth) => map(depth, ['a']),
    $defs: (depth) => map(depth, ['a']),
    $id: () => `id${next()}`,
    $schema: () => pick(['http://json-schema.org/draft-07/schema#', 'http://json-schema.org/draft-04/schema#']),
    contentEncoding: () => 'base64',
    example: () => 1,
    discriminator: () => ({ propertyName: 'a' }),
    $async: () => true,
    id: () => 'x',
  }
  function schema(depth: number): unknown {
    if (depth <= 0) return pick([true, false, {}, { type: pick(TYPES) }])
    const made: Record<string, unknown> = next() < 0.7 ? { type: pick(TYPES) } : {}
    for (let count = Math.floor(next() * 4); count > 0; count--) {
      const source = next() < 0.95 ? good : others
      const key = pick(Object.keys(source))
      made[key] = next() < 0.03 ? pick(ODD) : source[key]?.(depth - 1)
    }
    return made
  }
  return schema
}

t.test('a certain schema compiles: its check, its copy and its writer', async (t) => {
  const compilers = await contextCompilers(t)
  silence(t)
  const makeSchema = createSchemas(createRandom(11))
  const used = new Set<string>()
  let refused = 0
  for (let count = 0; count < 3000; count++) {
    const schema = makeSchema(3) as object
    const certain = compilers.isCertain(schema)
    if (certain) addKeys(schema, used)
    try {
      compileWhole(schema, compilers)
    } catch (error) {
      refused++
      if (certain) t.fail(`${(error as Error).message}: ${JSON.stringify(schema)}`)
    }
  }
  t.ok(refused > 300, `${refused} were refused by Ajv`)
  const keywords = [
    'properties',
    'patternProperties',
    'allOf',
    'anyOf',
    'oneOf',
    'not',
    'contains',
    'nullable',
    'default',
  ]
  for (const key of keywords) t.ok(used.has(key), `some certain schemas have ${key}`)
})

function addKeys(value: unknown, keys: Set<string>): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) addKeys(inner, keys.add(key))
}

t.test('common schemas are certain', async (t) => {
  const message = {
    text: Type.String({ minLength: 1, maxLength: 2000, description: 'What is said' }),
    at: Type.String({ format: 'date-time' }),
    tags: Type.Array(Type.String({ pattern: '^[a-z]+$' }), { maxItems: 10, uniqueItems: true }),
    kind: Type.Union([Type.Literal('a'), Type.Literal('b'), Type.Null()]),
    limit: Type.Optional(Type.Integer({ minimum: 0, default: 10 })),
    extra: Type.Record(Type.String(), Type.Unknown()),
    author: Type.Intersect([Type.Object({ id: Type.String() }), Type.Object({ name: Type.String() })]),
  }
  t.ok(isCertainAlone(Type.Object(message)), 'TypeBox 1')
  t.ok(
    isCertainAlone(LegacyType.Object({ text: LegacyType.String(), n: LegacyType.Optional(LegacyType.Integer()) })),
    'TypeBox 0.34',
  )
  t.ok(isCertainAlone({ type: 'object', properties: { a: { type: ['string', 'null'] } }, additionalProperties: false }))
  t.ok(isCertainAlone(true))
})

t.test('unknown keywords and values are not certain', async (t) => {
  const endless: Record<string, unknown> = {}
  endless.not = endless
  const uncertain = [
    ...[null, 'string', [], endless, new Date(), { type: 'nope' }, { toString: 1 }, { type: undefined }, { $ref: '#' }],
    ...[{ unknown: 1 }, { default: 1 }, { anyOf: [{ properties: { a: { default: 1 } } }] }, { nullable: true }],
  ]
  for (const schema of uncertain) t.notOk(isCertainAlone(schema), String(Object.keys(Object(schema))))
})

t.test('no schema is certain if the application changes what compiles', async (t) => {
  const schema = { type: 'string' }
  const none = () => {}
  const addNothing = (ajv: unknown) => ajv
  const certain: FastifyServerOptions[] = [{}, { ajv: { customOptions: { coerceTypes: false, allErrors: true } } }]
  for (const server of certain) t.ok((await contextCompilers(t, server, none)).isCertain(schema))
  const uncertain: [FastifyServerOptions, (app: FastifyInstance) => unknown][] = [
    [{ ajv: { customOptions: { strictTypes: true } } }, none],
    [{ ajv: { plugins: [addNothing as never] } }, none],
    [{ ajv: { onCreate: none } }, none],
    [{}, (app) => app.setValidatorCompiler(() => () => true)],
    [{ schemaController: { compilersFactory: { buildValidator: (() => () => () => true) as never } } }, none],
  ]
  for (const [server, prepare] of uncertain) t.notOk((await contextCompilers(t, server, prepare)).isCertain(schema))

  const known = function buildValidatorFunction() {}.bind(undefined)
  const unknown = { validatorCompiler: known, getSchemas: () => ({}) } as unknown as FastifyInstance
  t.notOk(compilersOf(unknown, '/x').isCertain(schema), 'nor without a known schema controller')
})

t.test('an uncertain schema is compiled at boot, and a certain one on first use', async (t) => {
  const compilers = await contextCompilers(t)
  const compiled: unknown[] = []
  const compile: CompileJsonSchema = (schema) => {
    compiled.push(schema)
    return compilers.compile(schema)
  }
  const sound = { type: 'object', properties: { n: { type: 'integer' } } }
  for (const compileSchema of [
    (...args: Parameters<typeof compileIncoming>) => compileIncoming(...args).check,
    (...args: Parameters<typeof compileIncoming>) => compileOutgoing(...args).check,
  ]) {
    const check = compileSchema(sound, { ...compilers, compile })
    t.strictSame(compiled, [])
    t.strictSame(check({ n: '1' }), { n: 1 })
    t.strictSame(check({ n: '2' }), { n: 2 })
    t.strictSame(compiled.splice(0), [sound], 'once')
    compileSchema(
      { ...sound, $comment: 7 },
      { ...compilers, compile: (schema) => compile({ ...(schema as object), $comment: '' }) },
    )
    t.equal(compiled.splice(0).length, 1)
  }
})

t.test('a certain schema that does not compile on first use is an internal error', async (t) => {
  const payload: Record<string, unknown> = { type: 'object' }
  const reply: Record<string, unknown> = { type: 'object' }
  const { app, socket, lines } = await client(t, {
    events: { put: { payload, handler: () => {} }, get: { reply, handler: () => ({}) } },
    emits: { said: { payload: reply } },
  })
  // changed after the schema was declared
  payload.type = 'nope'
  reply.type = 'nope'
  for (let round = 0; round < 2; round++) {
    const { error } = await socket.emitWithAck('put', {})
    t.match(error, { code: 'FST_NSP_INTERNAL', statusCode: 500 })
    t.match(
      lines.filter(({ errorId }) => errorId === error.details.id),
      [{ event: 'put', msg: 'event failed', err: { message: /type/ } }],
    )
    t.match(await socket.emitWithAck('get'), { error: { code: 'FST_NSP_REPLY_INVALID' } })
    t.throws(() => app.io.of('/chat').emit('said', {}), { code: 'FST_NSP_EMIT_INVALID' })
  }
})

t.test('three thousand schemas of payloads, replies and emits do not delay the start', async (t) => {
  const names = Array.from({ length: 10 }, (_, index) => `do:${index}`)
  const eachOf = <Entry>(make: (name: string) => Entry) => Object.fromEntries(names.map((name) => [name, make(name)]))
  const schema = (kind: string) => Type.Object({ [kind]: Type.String(), list: Type.Array(Type.Integer()) })
  const namespaces = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => {
      const events = eachOf((name) => ({ payload: schema(`p${index}${name}`), reply: schema(name), handler: () => {} }))
      return [`/n${index}`, { events, emits: eachOf((name) => ({ payload: schema(`e${index}${name}`) })) }]
    }),
  )
  const app = await build(t, { namespaces })
  const before = process.cpuUsage()
  await app.ready()
  const { user, system } = process.cpuUsage(before)
  t.ok(
    (user + system) / 1000 < 2000,
    `${Math.round((user + system) / 1000)} ms of CPU, several times less than Ajv takes`,
  )
})

t.test(
  'a schema of more than a thousand subschemas is compiled at boot, so that the first event does not wait',
  async (t) => {
    const ofSize = (size: number) => ({ anyOf: Array.from({ length: size - 1 }, () => ({ type: 'string' })) })
    t.ok(isCertainAlone(ofSize(1_000)))
    t.notOk(isCertainAlone(ofSize(1_001)))
  },
)
