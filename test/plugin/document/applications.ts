import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { z } from 'zod'
import namespaces, { type AnyNamespaceDefinition, Binary } from '../../../plugin/index.js'

/*
 * Random applications for fast-check: contexts with shared schemas, namespaces, events, streams, errors and emits.
 */

type Schema = Record<string, unknown>

/** A random application. Each context is a sibling of the others, with its own schemas of the same `$id`s. */
export interface Application {
  readonly contexts: readonly {
    readonly prefix: string
    readonly shared: Readonly<Record<string, Schema>>
    readonly namespaces: Readonly<Record<string, Schema>>
  }[]
}

const SHARED = ['Message', 'User', 'https://example.com/schemas/thing.json', 'a.b-c_d']
const ODD_NAMES = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'a/b~c{d}',
  'a b',
  '日本',
  '🫖',
  '#',
  '$ref',
  '%7B',
  'x'.repeat(300),
]
const CODES = ['ROOM_FULL', 'a/b', '__proto__', 'ok', '']
const reserved = /^(connect|connect_error|disconnect|disconnecting|newListener|removeListener|namespace:.*)$/

const text = fc.oneof(fc.constantFrom(...ODD_NAMES), fc.string({ unit: 'grapheme', maxLength: 12 }))
const eventName = fc
  .oneof(fc.constantFrom('message:send', 'room:join', 'log:tail'), text)
  .filter((name) => !reserved.test(name))
export const propertyName = fc.constantFrom('id', 'text', 'a/b', 'c~d', 'é', 'x y', 'default', 'properties', 'type')

const leaf: fc.Arbitrary<Schema> = fc.oneof(
  fc.record(
    {
      type: fc.constant('string'),
      minLength: fc.nat(3),
      maxLength: fc.integer({ min: 3, max: 20 }),
      description: fc.string(),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    {
      type: fc.constantFrom('integer', 'number'),
      minimum: fc.integer({ min: -5, max: 5 }),
      nullable: fc.constant(true),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constantFrom('boolean', 'null'), title: fc.string() }, { requiredKeys: ['type'] }),
  fc.record({
    enum: fc.uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { minLength: 1, maxLength: 3 }),
  }),
  fc.record(
    { const: fc.oneof(fc.string(), fc.integer(), fc.boolean()), deprecated: fc.constant(true) },
    { requiredKeys: ['const'] },
  ),
  fc.constant({}),
)

/** A schema, whose references lead to the shared schemas or into the document that it stands in. */
const schemaWith = (refs: readonly Schema[]) =>
  fc.letrec<{ schema: Schema; inner: Schema; object: Schema }>((tie) => ({
    inner: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.constantFrom(...refs),
      fc.constantFrom({ $ref: '#' }, { $ref: '#/definitions/a~1b~0c%20%C3%A9' }, { $ref: '#/properties/id' }),
      tie('object'),
      fc.record(
        { type: fc.constant('array'), items: tie('inner'), maxItems: fc.nat(4) },
        { requiredKeys: ['type', 'items'] },
      ),
      fc
        .tuple(tie('inner'), tie('inner'))
        .map((items) => ({ type: 'array', items, minItems: 2, additionalItems: false })),
      fc.record({ anyOf: fc.array(tie('inner'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ type: fc.constant('object'), additionalProperties: tie('inner') }),
    ),
    object: fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(propertyName, tie('inner'), { maxKeys: 2 }),
        title: fc.string(),
        additionalProperties: fc.boolean(),
      },
      { requiredKeys: ['type', 'properties'] },
    ),
    schema: tie('object').chain((object) =>
      fc.record({ local: leaf, isNamed: fc.boolean() }).map(({ local, isNamed }) => ({
        ...object,
        // Ajv resolves `#` only in a schema with an `$id`.
        ...((isNamed || JSON.stringify(object).includes('"#"')) && { $id: 'inline' }),
        properties: { ...(object as { properties: Schema }).properties, id: { type: 'string' } },
        definitions: { 'a/b~c é': local },
      })),
    ),
  })).schema

/** Relative references of a schema are resolved against its `$id`, so one with an absolute `$id` has none. */
export const schema = schemaWith(
  SHARED.flatMap((id) => [{ $ref: `${id}#` }, { $ref: `${id}#/definitions/part`, description: 'x' }]),
)
const absolute = schemaWith([{ $ref: '#' }])

const given = fc.oneof(
  { weight: 6, arbitrary: schema },
  { weight: 2, arbitrary: leaf },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      { $ref: 'Message#' },
      { $ref: 'User#/definitions/part' },
      true,
      Binary({ maxBytes: 10, contentType: 'image/png' }),
      { type: 'object', properties: { image: Binary({ maxBytes: 10 }) } },
      z.object({ id: z.string().optional(), count: z.number().transform(String) }),
      z.lazy(() => z.object({ name: z.string() })),
      v.object({ name: v.string() }),
    ),
  },
)
const prose = fc.record(
  {
    summary: fc.string(),
    description: fc.string(),
    tags: fc.array(fc.constantFrom('rooms', 'orders', '日本')),
    deprecated: fc.boolean(),
    hide: fc.boolean(),
  },
  { requiredKeys: [] },
)
const examples = fc.array(fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant({ $ref: '#/nowhere' })), { maxLength: 2 })

const event = fc
  .record(
    {
      payload: given,
      reply: given,
      examples,
      errors: fc.dictionary(fc.constantFrom(...CODES), given, { maxKeys: 2 }),
      stream: given,
    },
    { requiredKeys: [] },
  )
  .chain((keys) => prose.map((words) => ({ ...words, ...keys })))
  .map((keys) => ({ ...keys, handler: 'stream' in keys ? async function* () {} : () => {} }))
const emit = fc
  .record({ payload: given, reply: given, examples }, { requiredKeys: [] })
  .chain((keys) => prose.map((words) => ({ ...words, ...keys })))

const joining = fc.record(
  {
    params: fc.constant({
      type: 'object',
      properties: { orgId: { type: 'integer', enum: [1, 2], description: 'x', examples: [1], default: 1 } },
    }),
    headers: fc.constant({
      type: 'object',
      required: ['authorization'],
      properties: { authorization: { type: 'string' } },
    }),
    auth: fc.constantFrom<unknown>(
      { type: 'object', required: ['token'], properties: { token: { type: 'string' } } },
      z.object({ token: z.string() }),
      {
        $ref: 'User#',
      },
    ),
    querystring: fc.constant({ type: 'object', properties: { page: { type: 'integer' } } }),
  },
  { requiredKeys: [] },
)
const definition = fc
  .record({
    events: fc.dictionary(eventName, event, { maxKeys: 2 }),
    emits: fc.dictionary(eventName, emit, { maxKeys: 2 }),
    schema: joining,
  })
  .chain((keys) => prose.map((words) => ({ ...words, ...keys })))
const tails = fc.constantFrom(
  '',
  '/:orgId',
  '/:orgId(^\\d+$)',
  '/files/*',
  '/:from-:to',
  '/日本',
  '/a{b}',
  '/:ñ',
  '/toString',
)
export const shared = fc.record(
  Object.fromEntries(
    SHARED.map((id) => [
      id,
      fc
        .tuple(id.includes(':') ? absolute : schema, leaf)
        .map(([body, part]) => ({ ...body, $id: id, definitions: { ...(body.definitions as Schema), part } })),
    ]),
  ),
)

const context = fc
  .record({ shared, namespaces: fc.array(fc.tuple(tails, definition), { minLength: 1, maxLength: 2 }) })
  .map(({ shared, namespaces }) => ({
    shared,
    namespaces: Object.fromEntries(namespaces.map(([tail, each], index) => [`/n${index}${tail}`, each])),
  }))

export const application: fc.Arbitrary<Application> = fc
  .array(context, { minLength: 1, maxLength: 2 })
  .map((contexts) => ({
    contexts: contexts.map((each, index) => nameInline({ prefix: index === 0 ? '' : `/v${index}`, ...each })),
  }))

/** Gives each inline schema an `$id` of its own: Ajv allows one only once. The contexts have the same ones. */
function nameInline<Value>(value: Value, count = { next: 0 }): Value {
  if (Array.isArray(value)) return value.map((each) => nameInline(each, count)) as Value
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!isPlain || '~standard' in value || 'binary' in value) return value
  const copy = Object.entries(value).map(([key, each]) => [key, nameInline(each, count)])
  return {
    ...Object.fromEntries(copy),
    ...('$id' in value && value.$id === 'inline' && { $id: `inline-${count.next++}` }),
  }
}

/** An instance of an application, with everything declared. It is not ready: no schema is compiled. */
export async function declare({ contexts }: Application): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(namespaces)
  for (const { prefix, shared, namespaces: definitions } of contexts) {
    await app.register(
      async (scope) => {
        for (const each of Object.values(shared)) scope.addSchema(each)
        for (const [name, definition] of Object.entries(definitions)) {
          scope.namespace(name, definition as AnyNamespaceDefinition)
        }
      },
      { prefix },
    )
  }
  return app
}
