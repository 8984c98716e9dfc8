import { createHash } from 'node:crypto'
import { Type as LegacyType } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { type as ark } from 'arktype'
import type { FastifyInstance } from 'fastify'
import * as msgpack from 'socket.io-msgpack-parser'
import t from 'tap'
import { Type } from 'typebox'
import * as v from 'valibot'
import { z } from 'zod'
import { type AnyNamespaceDefinition, type AnySchema, Binary } from '../../../../plugin/index.js'
import { findBinaryProblem, StandIn } from '../../../../plugin/schema/binary/binary-keyword.js'
import { compileIncoming, compileOutgoing } from '../../../../plugin/schema/compile.js'
import { build, client, join, listen, next } from '../../harness.js'
import { contextCompilers } from '../../schema-harness.js'

const NOT_BINARY = 'must not be binary'
const BYTES = Buffer.from('bytes')
/** As large as a packet may be. Iterating over its bytes takes a third of a second. */
const LARGE = Buffer.alloc(950_000, 49)

// A constant, because Biome refuses an object literal with a property `then`.
const THEN = 'then'
const text = { type: 'string' }
const fields = (properties: object, rest: object = {}) => ({ type: 'object', properties, ...rest })
const at = (path: string, message = NOT_BINARY) => [{ path, message }]
const invalid = (details: unknown) => ({ ok: false, error: { code: 'FST_NSP_EVENT_INVALID', details } })

/** A compiler like Fastify's own that records, for each checked value, whether it had bytes to iterate over. */
function spyCompiler(app: FastifyInstance): { seen: boolean[] } {
  const seen: boolean[] = []
  app.setValidatorCompiler(({ schema }) => {
    const validate = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }).compile(
      schema as object,
    )
    return Object.assign(
      (value: unknown, place: never) => {
        seen.push(hasBytes(value))
        const isValid = validate(value, place)
        return isValid ? true : { error: validate.errors as never }
      },
      { errors: null },
    ) as never
  })
  return { seen }
}

/** Whether a value that a validator received has bytes to iterate over, at any depth. */
function hasBytes(value: unknown): boolean {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(hasBytes)
}

/** Schemas without `binary`, from strict to loose, each with a payload whose binary data might pass. */
const WITHOUT_BINARY: [schema: object | boolean, payload: unknown, path: string][] = [
  [fields({ a: text }, { additionalProperties: false }), LARGE, ''],
  [fields({ a: text }), LARGE, ''],
  [{ type: 'object' }, LARGE, ''],
  [{ type: 'object', additionalProperties: { type: 'integer' } }, LARGE, ''],
  [{ type: 'object', additionalProperties: true }, LARGE, ''],
  [{ type: 'object', patternProperties: { '^\\d+$': { type: 'integer' } } }, LARGE, ''],
  [{ type: 'object', propertyNames: { pattern: '^\\d+$' } }, LARGE, ''],
  [{ type: 'object', minProperties: 3, maxProperties: 1e6 }, LARGE, ''],
  [{ properties: { a: text } }, LARGE, ''],
  [{}, LARGE, ''],
  [true, LARGE, ''],
  [{ not: text }, LARGE, ''],
  [{ type: 'array' }, LARGE, ''],
  [{ type: 'string' }, LARGE, ''],
  [{ anyOf: [text, { type: 'object' }] }, LARGE, ''],
  [fields({ a: {} }), { a: LARGE }, '/a'],
  [fields({ a: text }), { b: LARGE }, '/b'],
  [fields({ a: text }, { additionalProperties: false }), { b: { c: [1, LARGE] } }, '/b/c/1'],
  [fields({ a: { type: 'object' } }), { a: LARGE }, '/a'],
  [{ type: 'array', items: {} }, [null, 1, LARGE], '/2'],
  [{ type: 'array', items: { type: 'object', additionalProperties: text } }, [{ 'a/b~': [LARGE] }], '/0/a~1b~0/0'],
]

t.test('a Buffer never fits a schema without `binary`, at any depth, and no validator is called', async (t) => {
  const { app, socket, seen } = await spied(t, {
    events: Object.fromEntries(
      WITHOUT_BINARY.map(([payload], index) => [
        `e${index}`,
        { payload, handler: () => t.fail('a handler was called') },
      ]),
    ),
  })
  for (const [index, [schema, payload, path]] of WITHOUT_BINARY.entries()) {
    t.match(await socket.emitWithAck(`e${index}`, payload), invalid(at(path)), JSON.stringify(schema))
  }
  t.strictSame(seen, [])
  t.equal(app.io.engine.clientsCount, 1)
})

/** A client of `/chat`, with the record of spyCompiler since it has joined. */
async function spied(t: Parameters<typeof client>[0], definition: AnyNamespaceDefinition) {
  let spy = { seen: [] as boolean[] }
  const joined = await client(t, definition, {}, (app) => {
    spy = spyCompiler(app)
  })
  spy.seen.length = 0
  return { ...joined, seen: spy.seen }
}

t.test('a payload without binary data is checked and coerced as usual', async (t) => {
  const { socket } = await client(t, {
    events: { put: { payload: fields({ a: { type: 'integer' }, b: {} }), handler: (payload) => payload } },
  })
  t.strictSame(await socket.emitWithAck('put', { a: '7', b: [{}] }), { ok: true, data: { a: 7, b: [{}] } })
})

t.test('without a schema, a handler receives binary data unchanged', async (t) => {
  const { socket } = await client(t, { events: { put: { handler: (payload) => payload } } })
  t.strictSame(await socket.emitWithAck('put', { a: [BYTES] }), { ok: true, data: { a: [BYTES] } })
})

t.test('binary data that a hook puts into a payload is checked, too', async (t) => {
  const { socket } = await client(t, {
    events: {
      put: {
        payload: fields({ a: {} }),
        preValidation: ({ event }) => {
          ;(event.payload as { a: unknown }).a = BYTES
        },
        handler: () => t.fail('the handler was called'),
      },
    },
  })
  t.match(await socket.emitWithAck('put', { a: 1 }), invalid(at('/a')))
})

const image = { binary: { maxBytes: 8 } }

/** Schemas with `binary`: the valid values, and the invalid ones with their JSON pointers and messages. */
const SAID: Record<
  string,
  { schema: object; good: unknown[]; bad: [payload: unknown, path: string, message: string][] }
> = {
  alone: {
    schema: Binary({ maxBytes: 8 }),
    good: [BYTES, Buffer.alloc(0), Buffer.alloc(8)],
    bad: [
      [Buffer.alloc(9), '', 'must be at most 8 bytes'],
      [LARGE, '', 'must be at most 8 bytes'],
      ['text', '', 'must be binary'],
      [5, '', 'must be binary'],
      [{}, '', 'must be binary'],
      [{ binary: 1 }, '', 'must be binary'],
      [[], '', 'must be binary'],
      [null, '', 'must be binary'],
      [[BYTES], '/0', NOT_BINARY],
      [{ type: 'Buffer', data: [1] }, '', 'must be binary'],
    ],
  },
  'a field, by TypeBox': {
    schema: Type.Object({
      name: Type.String(),
      image: Binary({ maxBytes: 8 }),
      thumb: Type.Optional(Binary({ maxBytes: 3 })),
    }),
    good: [
      { name: 'a', image: BYTES },
      { name: 'a', image: BYTES, thumb: Buffer.alloc(3) },
    ],
    bad: [
      [{ name: 'a' }, '', 'must have required properties image'],
      [{ name: BYTES, image: BYTES }, '/name', NOT_BINARY],
      [{ name: 'a', image: BYTES, thumb: BYTES }, '/thumb', 'must be at most 3 bytes'],
      [{ name: 'a', image: BYTES, more: BYTES }, '/more', NOT_BINARY],
      [{ name: 'a', image: 'data:image/png' }, '/image', 'must be binary'],
      [BYTES, '', NOT_BINARY],
    ],
  },
  'a field, by TypeBox 0.34': {
    schema: LegacyType.Object({ image: LegacyType.Unsafe<Uint8Array>(Binary({ maxBytes: 8 })) }),
    good: [{ image: BYTES }],
    bad: [[{ image: LARGE }, '/image', 'must be at most 8 bytes']],
  },
  'an array, a map, and other values': {
    schema: fields({
      list: { type: 'array', items: image, maxItems: 2 },
      tuple: { type: 'array', items: [text, image], additionalItems: false, minItems: 1 },
      map: { type: 'object', additionalProperties: image },
      byName: { type: 'object', patternProperties: { '^img': image }, additionalProperties: {} },
      open: {},
    }),
    good: [{ list: [BYTES, BYTES], tuple: ['a', BYTES], map: { a: BYTES }, byName: { img1: BYTES, n: 1 }, open: [1] }],
    bad: [
      [{ list: [BYTES, 1] }, '/list/1', 'must be binary'],
      [{ list: [[BYTES]] }, '/list/0/0', NOT_BINARY],
      [{ list: BYTES }, '/list', NOT_BINARY],
      [{ tuple: [BYTES] }, '/tuple/0', NOT_BINARY],
      [{ map: { a: Buffer.alloc(9) } }, '/map/a', 'must be at most 8 bytes'],
      [{ map: BYTES }, '/map', NOT_BINARY],
      [{ byName: { other: BYTES } }, '/byName/other', NOT_BINARY],
      [{ open: BYTES }, '/open', NOT_BINARY],
    ],
  },
  'one of several alternatives': {
    schema: {
      oneOf: [
        { binary: { maxBytes: 8 } },
        { type: 'object', properties: { url: text } },
        fields({ kind: { const: 'small' }, image: { binary: { maxBytes: 3 } } }, { required: ['kind'] }),
      ],
    },
    good: [BYTES, { url: 'a' }],
    bad: [
      [Buffer.alloc(9), '', 'must be at most 8 bytes'],
      [{ url: BYTES }, '/url', NOT_BINARY],
    ],
  },
  'alternatives that differ in a literal': {
    schema: {
      anyOf: [
        fields({ kind: { const: 'a' }, data: { binary: { maxBytes: 3 } } }, { required: ['kind', 'data'] }),
        fields({ kind: { const: 'b' }, data: { binary: { maxBytes: 8 } } }, { required: ['kind', 'data'] }),
        fields({ kind: { const: 'c' }, data: {} }, { required: ['kind', 'data'] }),
      ],
    },
    good: [
      { kind: 'a', data: Buffer.alloc(3) },
      { kind: 'b', data: Buffer.alloc(8) },
      { kind: 'c', data: 'x' },
    ],
    bad: [
      [{ kind: 'a', data: BYTES }, '/data', 'must be at most 3 bytes'],
      [{ kind: 'c', data: BYTES }, '/data', NOT_BINARY],
      [{ kind: 'd', data: BYTES }, '/data', NOT_BINARY],
    ],
  },
  'combined with allOf, not and if': {
    schema: {
      allOf: [fields({ a: image }), fields({ b: { allOf: [{ binary: { maxBytes: 3 } }, image] } })],
      not: { properties: { a: { type: 'array' } }, required: ['a'] },
      if: { required: ['a'] },
      [THEN]: { properties: { d: image } },
    },
    good: [{ a: BYTES, b: Buffer.alloc(3), d: BYTES }],
    bad: [
      [{ b: BYTES }, '/b', 'must be at most 3 bytes'],
      [{ a: { b: BYTES } }, '/a/b', NOT_BINARY],
    ],
  },
  'beside alternatives that differ in type': {
    schema: {
      anyOf: [fields({ n: { type: 'integer' }, a: image }), fields({ n: { type: 'array' }, a: { type: 'object' } })],
    },
    good: [{ n: 1, a: BYTES }],
    bad: [[{ n: {}, a: BYTES }, '/n', 'must be integer']],
  },
  'in more alternatives than a shape has': {
    schema: {
      anyOf: Array.from({ length: 40 }, (_, index) =>
        fields(
          { kind: { const: index }, deep: { type: 'array', items: fields({ [`f${index}`]: image }) } },
          { required: ['kind'] },
        ),
      ),
    },
    good: [{ kind: 7, deep: [{ f7: BYTES }] }],
    bad: [[{ kind: 'x', deep: [{ f7: BYTES }] }, '/kind', 'must be equal to constant']],
  },
  'the target of a reference': {
    schema: {
      ...fields({
        one: { $ref: '#/$defs/image' },
        two: { $ref: 'picture' },
        three: { $ref: 'album#/properties/cover' },
        all: { $ref: 'album#' },
        tree: { $ref: '#/$defs/tree' },
      }),
      $defs: { image, tree: fields({ image: { $ref: '#/$defs/image' }, in: { $ref: '#/$defs/tree' } }) },
    },
    good: [
      { one: BYTES, two: BYTES, three: BYTES, all: { cover: BYTES, next: { cover: BYTES } } },
      { tree: { image: BYTES, in: { in: { image: BYTES } } } },
    ],
    bad: [
      [{ two: LARGE }, '/two', 'must be at most 8 bytes'],
      [{ all: { next: BYTES } }, '/all/next', NOT_BINARY],
      [{ all: { next: { title: 'long' } } }, '/all/next/title', 'must NOT have more than 3 characters'],
      [{ tree: { in: { in: { image: 1 } } } }, '/tree/in/in/image', 'must be binary'],
    ],
  },
}

const ADDED = [
  { $id: 'picture', title: 'A picture', ...image },
  { $id: 'album', ...fields({ cover: { $ref: 'picture' }, next: { $ref: '#' }, title: { ...text, maxLength: 3 } }) },
]

for (const [what, { schema, good, bad }] of Object.entries(SAID)) {
  t.test(`declared binary data is passed on unchanged within its bound: ${what}`, async (t) => {
    const handled: unknown[] = []
    const spy = { seen: [] as boolean[] }
    const app = await build(t)
    for (const added of ADDED) app.addSchema(added)
    if (!JSON.stringify(schema).includes('$ref')) Object.assign(spy, spyCompiler(app))
    app.namespace('/x', {
      events: {
        put: {
          payload: schema,
          reply: schema,
          handler: (payload) => {
            handled.push(payload)
            return payload
          },
        },
      },
      emits: { got: { payload: schema } },
    })
    const socket = await app.injectSocket('/x')
    for (const payload of good) {
      t.strictSame(await socket.emitWithAck('put', payload), { ok: true, data: payload })
      const heard = next(socket, 'got')
      app.io.of('/x').emit('got', payload)
      t.strictSame(await heard, [payload])
    }
    t.strictSame(handled.splice(0), good)
    for (const [payload, path, message] of bad) {
      const answer = await socket.emitWithAck('put', payload)
      t.equal(answer.error?.code, 'FST_NSP_EVENT_INVALID')
      t.match(
        answer.error?.details?.[0],
        { path, message: message.startsWith('must have') ? String : message },
        JSON.stringify([path, message]),
      )
      // In outgoing values, the rest is stripped, or may be any value.
      if (message === NOT_BINARY) continue
      t.throws(() => app.io.of('/x').emit('got', payload), { code: 'FST_NSP_EMIT_INVALID' }, `out: ${path} ${message}`)
    }
    t.strictSame(handled, [])
    t.notOk(spy.seen.includes(true), 'no validator saw its bytes')
  })
}

t.test('binary data in combined schemas must fit all of them', async (t) => {
  const compilers = await contextCompilers(t)
  const refused = (schema: object, value: unknown, message: string) =>
    t.throws(() => compileIncoming(schema, compilers).check(value), { message }, JSON.stringify(schema))
  const small = { binary: { maxBytes: 3 } }
  for (const allOf of [
    [image, small],
    [small, image],
  ]) {
    refused({ allOf }, BYTES, '/ must be at most 3 bytes')
    t.strictSame(compileIncoming({ allOf }, compilers).check(BYTES.subarray(2)), BYTES.subarray(2))
  }
  // no value fits both
  refused({ allOf: [image, { type: 'object' }] }, BYTES, '/ must NOT be valid')
  refused({ allOf: [{ type: 'object' }, image] }, BYTES, '/ must NOT be valid')
  const beside = { ...fields({ a: image }), allOf: [{ required: ['a'] }] }
  t.strictSame(compileIncoming(beside, compilers).check({ a: BYTES }), { a: BYTES })
  refused(beside, {}, "/ must have required property 'a'")
  const orAny = { anyOf: [fields({ a: image }), {}] }
  t.strictSame(compileIncoming(orAny, compilers).check({ a: BYTES }), { a: BYTES })
  refused(orAny, { b: BYTES }, '/b must not be binary')
})

t.test('binary data is found at any depth that a packet may have', async (t) => {
  const compilers = await contextCompilers(t)
  let deep: unknown = BYTES
  for (let level = 0; level < 500; level++) deep = level % 2 ? [deep] : { deep }
  const message = /must not be binary$/
  t.throws(() => compileIncoming({}, compilers).check(deep), { message })
  t.throws(() => compileIncoming(v.any(), compilers).check(deep), { message })
})

t.test("binary data that a context's own validator creates is not changed", async (t) => {
  const compile = () => (value: unknown) => ({ value: { value, made: BYTES } })
  const { check } = compileIncoming(Binary({ maxBytes: 8 }), { ...(await contextCompilers(t)), compile })
  t.strictSame(check(BYTES), { value: BYTES, made: BYTES })
})

t.test('the received payload is not changed, because hooks may hold it', async (t) => {
  const compilers = await contextCompilers(t)
  const { check } = compileIncoming(fields({ n: { type: 'integer' }, image, list: { type: 'array' } }), compilers)
  const payload = Object.freeze({ n: '5', image: BYTES, list: Object.freeze([{}]) })
  t.strictSame(check(payload), { n: 5, image: BYTES, list: [{}] })
  t.strictSame(payload, { n: '5', image: BYTES, list: [{}] })
})

t.test('an ArrayBuffer from another parser becomes a Uint8Array, as its type says', async (t) => {
  const { check } = compileIncoming(Binary({ maxBytes: 8 }), await contextCompilers(t))
  t.strictSame(check(new Uint8Array([1, 2]).buffer), new Uint8Array([1, 2]))
  t.throws(() => check(new Blob([LARGE])), { message: '/ must be at most 8 bytes' })
  const view = new DataView(new ArrayBuffer(2))
  t.equal(check(view), view)
})

t.test('Ajv distinguishes stand-ins with different limits, and no value of JSON equals one', async (t) => {
  const ajv = new Ajv({ coerceTypes: 'array' })
  const validate = ajv.compile({ enum: [new StandIn({}, 5)] })
  t.ok(validate(new StandIn(BYTES, 5)))
  const others = [new StandIn(BYTES, 6), 5, {}, [], null, '5', { valueOf: 5 }, JSON.parse('{"constructor":1}')]
  for (const other of others) t.notOk(validate(other))
  t.strictSame(Reflect.ownKeys(new StandIn(BYTES, 5)), [], 'there are no keys to iterate over')
})

const WRONG: [binary: unknown, rest: object, problem: string][] = [
  [true, {}, '/binary/maxBytes must be a whole number of bytes, at least 1: got undefined'],
  [null, {}, '/binary/maxBytes must be a whole number of bytes, at least 1: got undefined'],
  [{}, {}, '/binary/maxBytes must be a whole number of bytes, at least 1: got undefined'],
  [{ maxBytes: '5' }, {}, '/binary/maxBytes must be a whole number of bytes, at least 1: got "5"'],
  [{ maxBytes: 0 }, {}, '/binary/maxBytes must be a whole number of bytes, at least 1: got 0'],
  [{ maxBytes: 1.5 }, {}, '/binary/maxBytes must be a whole number of bytes, at least 1: got 1.5'],
  [{ maxBytes: 5, contentType: 7 }, {}, '/binary/contentType must be a string'],
  [{ maxBytes: 5, minBytes: 1 }, {}, '/binary/minBytes is unknown: use maxBytes, contentType'],
  [{ maxBytes: 5 }, { type: 'string' }, '/type can not be combined with binary'],
]

t.test('an invalid `binary` fails at boot, naming namespace, event and path', async (t) => {
  for (const [binary, rest, problem] of WRONG) {
    t.equal(findBinaryProblem({ binary, ...rest }), problem)
    const inside = (schema: object) => ({
      type: 'array',
      items: fields({ a: { $ref: '#/$defs/b' } }),
      $defs: { b: schema },
    })
    const payload = inside({ binary, ...rest })
    for (const definition of [
      { events: { put: { payload, handler: () => {} } } },
      { events: { put: { reply: payload, handler: () => [] } } },
      { emits: { put: { payload } } },
    ]) {
      const app = await build(t, { namespaces: { '/x': definition as AnyNamespaceDefinition } })
      await t.rejects(async () => void (await app.ready()), {
        code: 'FST_NSP_DEFINITION_INVALID',
        message: new RegExp(`/x .*put.* is not a valid schema: /items/properties/a/\\$ref${problem.slice(0, 12)}`),
      })
    }
  }
  const annotated = { title: 'a', description: 'b', examples: [], $comment: 'c', deprecated: true }
  t.equal(findBinaryProblem({ ...image, ...annotated }), undefined)
})

t.test('in a schema with `binary`, a reference that can not be resolved fails at boot', async (t) => {
  const payload = { ...fields({ a: image, b: { $ref: '#nobody' } }), $defs: { b: { $id: '#named', type: 'string' } } }
  const app = await build(t, { namespaces: { '/x': { events: { put: { payload, handler: () => {} } } } } })
  await t.rejects(async () => void (await app.ready()), {
    code: 'FST_NSP_DEFINITION_INVALID',
    message: /the reference #nobody can not be resolved in a schema with binary/,
  })
})

t.test('Binary() is plain data: one keyword, and a kind that TypeBox knows', async (t) => {
  const options = { maxBytes: 5, contentType: 'image/png' }
  t.strictSame(JSON.parse(JSON.stringify(Binary(options))), { binary: options })
  t.strictSame(JSON.parse(JSON.stringify(Type.Object({ a: Type.Optional(Binary(options)) }))), {
    type: 'object',
    properties: { a: { binary: options } },
  })
  t.ok(Type.IsUnsafe(Binary(options)))
})

/** Standard Schemas that do not expect binary data, each with a value that contains some. */
const UNSAID_STANDARD: Record<string, [schema: AnySchema, put: (binary: Buffer) => unknown, path?: string]> = {
  'z.object': [z.object({ a: z.string().optional() }), (b) => b],
  'z.strictObject': [z.strictObject({ a: z.string().optional() }), (b) => b],
  'z.looseObject': [z.looseObject({}), (b) => b],
  'z.record': [z.record(z.string(), z.any()), (b) => b],
  'z.any': [z.any(), (b) => b],
  'z.unknown within': [z.object({ list: z.array(z.unknown()) }), (b) => ({ list: [1, b] }), '/list/1'],
  'z.object within': [z.object({ a: z.object({ b: z.string().optional() }) }), (b) => ({ a: b }), '/a'],
  'z.union of objects': [z.union([z.string(), z.object({ a: z.string().optional() })]), (b) => b],
  'z.string': [z.string(), (b) => b],
  'z.file': [z.file(), (b) => b],
  'z.looseObject, beside it': [z.looseObject({ a: z.string() }), (b) => ({ a: 'a', 'b/c': b }), '/b~1c'],
  'v.object': [v.object({ a: v.optional(v.string()) }), (b) => b],
  'v.strictObject': [v.strictObject({ a: v.optional(v.string()) }), (b) => b],
  'v.looseObject': [v.looseObject({}), (b) => b],
  'v.record': [v.record(v.string(), v.any()), (b) => b],
  'v.any': [v.any(), (b) => b],
  'v.union': [v.union([v.string(), v.object({ a: v.optional(v.string()) })]), (b) => b],
  'v.array': [v.array(v.any()), (b) => b],
  'ArkType, an object': [ark({ 'a?': 'string' }), (b) => b],
  'ArkType, any object': [ark('object'), (b) => b],
  'ArkType, a map': [ark({ '[string]': 'unknown' }), (b) => b],
  'ArkType, anything': [ark('unknown'), (b) => b],
  'ArkType, anything within': [ark({ a: 'unknown' }), (b) => ({ a: b }), '/a'],
  'ArkType, a union': [ark('string').or({ 'a?': 'string' }), (b) => b],
  'ArkType, without others': [ark({ '+': 'delete', 'a?': 'string' }), (b) => b],
  'z.preprocess, an object with its length': [z.preprocess((x) => x, z.object({ length: z.number() })), (b) => b],
  'z.preprocess, an object of nothing': [z.preprocess((x) => x ?? {}, z.object({})), (b) => b],
  'z.preprocess within': [z.object({ a: z.preprocess((x) => x, z.object({})) }), (b) => ({ a: b }), '/a'],
  'z.unknown, moved by a transform': [z.object({ a: z.unknown() }).transform((o) => o.a), (b) => ({ a: b }), '/a'],
  'z.unknown, transformed': [
    z.record(
      z.string(),
      z.unknown().transform((x) => x),
    ),
    (b) => ({ 'a/b': b }),
    '/a~1b',
  ],
  'z.unknown, which reads its bytes': [z.unknown().transform((x) => (x as Uint8Array)[0]), (b) => b],
  'a class read by its name': [
    v.custom((value) => Object.prototype.toString.call(value) !== '[object Nothing]'),
    (b) => b,
  ],
}

t.test('a Standard Schema that does not expect binary data refuses it, and does not iterate over it', async (t) => {
  const { socket } = await client(t, {
    events: Object.fromEntries(
      Object.entries(UNSAID_STANDARD).map(([name, [payload]]) => [
        name,
        { payload, handler: () => t.fail(`${name} has called its handler`) },
      ]),
    ),
  })
  for (const [name, [, put, path = '']] of Object.entries(UNSAID_STANDARD)) {
    const { error } = await socket.emitWithAck(name, put(LARGE))
    t.equal(error?.code, 'FST_NSP_EVENT_INVALID', name)
    t.equal(error?.details?.[0]?.path, path, name)
    t.ok(JSON.stringify(error).length < 1_000, 'it does not list every field')
  }
})

t.test('a Standard Schema that iterates over a value finds no bytes', async (t) => {
  const walked: unknown[] = []
  const iterate = (value: unknown) => {
    for (const key in value as object) if (/^\d/.test(key)) walked.push(key)
    walked.push(...Object.keys(value as object), ...Object.entries(value as object))
    return true
  }
  const compilers = await contextCompilers(t)
  for (const schema of [v.custom(iterate), z.custom(iterate), z.object({ a: z.any().refine(iterate) })]) {
    const { check } = compileIncoming(schema, compilers)
    t.throws(() => check(schema instanceof z.ZodObject ? { a: LARGE } : LARGE), { message: /must not be binary/ })
  }
  t.strictSame(walked, [])
})

const isPng = (bytes: Uint8Array) => bytes[0] === 49 && bytes.subarray(0, 2).length === 2
const hash = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

/** Standard Schemas that expect binary data, with an input and its output. */
const SAID_STANDARD: Record<string, [schema: AnySchema, put: unknown, out?: unknown]> = {
  'z.instanceof': [z.instanceof(Uint8Array), BYTES],
  'z.instanceof of Buffer': [z.instanceof(Buffer), BYTES],
  'z.instanceof, which reads bytes': [z.instanceof(Uint8Array).refine(isPng), Buffer.from('1234')],
  'z.instanceof, whose bytes Node.js reads': [z.instanceof(Uint8Array).refine((bytes) => hash(bytes) !== ''), BYTES],
  'z.instanceof, later': [z.instanceof(Uint8Array).refine(async (bytes) => bytes.length > 3), BYTES],
  'z.instanceof, transformed': [z.instanceof(Uint8Array).transform((bytes) => bytes.length), BYTES, 5],
  'z.instanceof, transformed by node': [
    z.object({ a: z.instanceof(Uint8Array).transform(hash) }),
    { a: BYTES },
    { a: hash(BYTES) },
  ],
  'z.instanceof, short': [z.instanceof(Uint8Array).transform((bytes) => [bytes[0], bytes[7]]), BYTES, [98, null]],
  'z.instanceof within': [
    z.object({ name: z.string(), files: z.array(z.object({ data: z.instanceof(Uint8Array) })) }),
    { name: 'a', files: [{ data: BYTES }, { data: LARGE }] },
  ],
  'z.instanceof or none': [z.object({ a: z.instanceof(Uint8Array).nullable() }), { a: BYTES }],
  'z.instanceof or an object': [z.union([z.instanceof(Uint8Array), z.object({ a: z.string().optional() })]), BYTES],
  'z.object or z.instanceof': [z.union([z.object({ a: z.string() }), z.instanceof(Uint8Array)]), BYTES],
  'z.custom of a view': [z.custom<Uint8Array>((value) => ArrayBuffer.isView(value)), BYTES],
  'z.custom of a Buffer': [z.custom<Uint8Array>((value) => Buffer.isBuffer(value)), BYTES],
  'z.custom of a name': [z.custom((value) => Object.prototype.toString.call(value) === '[object Uint8Array]'), BYTES],
  'a shared one': [
    z.object({ a: z.instanceof(Uint8Array) }).transform((value) => ({ one: value, two: value })),
    { a: BYTES },
    { one: { a: BYTES }, two: { a: BYTES } },
  ],
  'v.instance': [v.instance(Uint8Array), BYTES],
  'v.instance, which reads bytes': [
    v.pipe(
      v.instance(Uint8Array),
      v.check((bytes) => bytes.byteLength < 9),
    ),
    BYTES,
  ],
  'v.instance within': [v.object({ a: v.optional(v.instance(Uint8Array)) }), { a: BYTES }],
  'v.instance or a map': [v.union([v.instance(Uint8Array), v.looseObject({})]), BYTES],
  'ArkType, a typed array': [ark('TypedArray.Uint8'), BYTES],
  'ArkType, an instance': [ark.instanceOf(Uint8Array), BYTES],
  'ArkType within': [ark({ name: 'string', data: 'TypedArray.Uint8' }), { name: 'a', data: BYTES }],
  'ArkType, or a text': [ark('TypedArray.Uint8 | string'), BYTES],
}

t.test('a Standard Schema that expects binary data receives the data itself', async (t) => {
  const seen: unknown[] = []
  const { socket } = await client(t, {
    events: Object.fromEntries(
      Object.entries(SAID_STANDARD).map(([name, [payload]]) => [
        name,
        {
          payload,
          handler: (given) => {
            seen.push(given)
            return given
          },
        },
      ]),
    ),
  })
  for (const [name, [, put, out = put]] of Object.entries(SAID_STANDARD)) {
    t.strictSame(await socket.emitWithAck(name, put), { ok: true, data: out }, name)
  }
  const isReal = (value: unknown): boolean =>
    ArrayBuffer.isView(value) || (Object(value) !== value ? true : Object.values(value as object).every(isReal))
  t.ok(seen.every(isReal))
  t.match(await socket.emitWithAck('z.instanceof within', { name: 1, files: [{ data: BYTES }] }), {
    error: { code: 'FST_NSP_EVENT_INVALID', details: [{ path: '/name' }] },
  })
  t.match(await socket.emitWithAck('z.instanceof, which reads bytes', BYTES), {
    error: { code: 'FST_NSP_EVENT_INVALID' },
  })
})

t.test('a Standard Schema transforms the data itself and can read its bytes', async (t) => {
  const compilers = await contextCompilers(t)
  const bytes = z.instanceof(Uint8Array)
  const kept = z.object({ d: bytes }).transform(({ d }) => ({ d, map: new Map([['d', d]]), read: () => d }))
  const made = compileIncoming(kept, compilers).check({ d: BYTES }) as { map: Map<string, unknown>; read(): unknown }
  t.equal(made.map.get('d'), BYTES)
  t.equal(made.read(), BYTES)
  let [calls, read] = [0, 0]
  const summed = bytes.refine((data) => {
    calls++
    for (let index = 0; index < data.length; index++) read += data[index] === 49 ? 1 : 0
    return true
  })
  t.equal(compileIncoming(summed, compilers).check(LARGE), LARGE)
  t.ok(read <= LARGE.length && read > LARGE.length - 9, 'the bytes are read once, from the data')
  t.equal(calls, 2)
  const many = Array.from({ length: 100 }, () => Buffer.from('x'))
  t.strictSame(compileIncoming(z.array(bytes), compilers).check(many), many)
  const some = z.array(z.union([z.string(), z.unknown().transform((x) => x)]))
  t.throws(() => compileIncoming(some, compilers).check(many), { message: '/0 must not be binary' })
  const half = z.object({ a: z.array(bytes), b: z.preprocess((x) => x, z.unknown()) })
  t.throws(() => compileIncoming(half, compilers).check({ a: many, b: BYTES }), { message: '/b must not be binary' })
})

t.test('a schema that throws for a lookalike, or reads its bytes or properties, refuses binary data', async (t) => {
  const compilers = await contextCompilers(t)
  const many = Array.from({ length: 40 }, () => Buffer.from('x'))
  const breaks = {
    '~standard': {
      version: 1,
      vendor: 'own',
      validate(value: unknown) {
        if (!(value as unknown[]).every((each) => each instanceof Uint8Array)) throw new TypeError('No bytes')
        return { value }
      },
    },
  }
  t.throws(() => compileIncoming(breaks as never, compilers).check(many), { message: '/0 must not be binary' })
  const odd = z.custom((data) => !(data instanceof Promise) && (data as Uint8Array)[0] !== undefined)
  t.throws(() => compileIncoming(odd, compilers).check(BYTES), { message: '/ must not be binary' })
  const reads = z.any().transform((data) => ({ name: data.name }))
  t.throws(() => compileOutgoing(reads, compilers).check(BYTES), { message: '/ must not be binary' })
  const ignores = z.any().transform(() => 'gone')
  t.equal(compileOutgoing(ignores, compilers).check(BYTES), 'gone')
})

t.test('an error of a Standard Schema itself is still reported', async (t) => {
  const compilers = await contextCompilers(t)
  const cycle: { self?: unknown; at: unknown } = { at: BYTES }
  cycle.self = cycle
  const made = { in: {} as Record<string, unknown> }
  made.in.up = made
  const bug = z.instanceof(Uint8Array).refine(() => {
    throw new RangeError('a bug of its own')
  })
  await t.rejects(async () => compileIncoming(bug, compilers).check(BYTES), RangeError)
  const own = z.object({ a: z.instanceof(Uint8Array) }).transform(({ a }) => Object.assign(made, { a }))
  const checked = compileIncoming(own, compilers).check({ a: BYTES }) as typeof made & { a: unknown }
  t.equal(checked.a, BYTES)
  const reader = z.custom((value) => (value as { name?: string }).name === 'a' && value instanceof Uint8Array)
  t.throws(() => compileIncoming(reader, compilers).check(BYTES), { message: '/ Invalid input' })
  const thrower = z.custom((value) => {
    if ((value as { name?: string }).name === undefined) throw new Error('no name')
    return true
  })
  await t.rejects(async () => compileIncoming(thrower, compilers).check(BYTES), { message: '/ must not be binary' })
})

t.test('an outgoing Standard Schema accepts binary data as any value, but not as an object', async (t) => {
  const compilers = await contextCompilers(t)
  const out = (schema: AnySchema, value: unknown) => compileOutgoing(schema, compilers).check(value)
  t.equal(out(z.any(), BYTES), BYTES)
  t.strictSame(out(z.object({ a: z.any() }), { a: BYTES }), { a: BYTES })
  t.equal(out(ark('unknown'), BYTES), BYTES)
  t.equal(out(z.instanceof(Uint8Array), BYTES), BYTES)
  // Like the rows of an ORM, which refer to each other.
  const rows = Array.from({ length: 300 }, (_, id) => ({ id, data: BYTES as unknown, all: [] as unknown[] }))
  for (const row of rows) row.all = rows
  t.strictSame(out(z.object({ id: z.number() }), rows[7]), { id: 7 })
  t.strictSame(out(z.object({ data: z.any() }), rows[7]), { data: BYTES })
  for (const row of rows) row.data = 'no bytes'
  t.strictSame(out(z.object({ id: z.number() }), rows[7]), { id: 7 })
  let deep: unknown = { end: BYTES }
  for (let level = 0; level < 10_000; level++) deep = { deep }
  t.strictSame(out(z.object({ deep: z.object({}) }), deep), { deep: {} })
  t.throws(() => out(z.looseObject({}), LARGE), { message: /must not be binary/ })
  t.throws(() => out(v.record(v.string(), v.any()), LARGE), { message: /must not be binary/ })
})

t.test('outgoing binary data is not iterated over, either', async (t) => {
  const handler = () => LARGE
  const replies: Record<string, object> = {
    map: { type: 'object', additionalProperties: { type: 'integer' } },
    patterns: { type: 'object', patternProperties: { '^\\d+$': { type: 'integer' } } },
    object: { type: 'object', maxProperties: 1 },
    said: Binary({ maxBytes: 1e6 }),
    anything: {},
  }
  const events = Object.fromEntries(Object.entries(replies).map(([name, reply]) => [name, { reply, handler }]))
  const { socket, seen } = await spied(t, {
    events: { ...events, small: { reply: Binary({ maxBytes: 3 }), handler }, text: { reply: text, handler } },
  })
  for (const name of Object.keys(replies)) {
    const { ok, data } = await socket.emitWithAck(name)
    t.ok(ok && LARGE.equals(data), name)
  }
  for (const name of ['small', 'text']) {
    t.match(await socket.emitWithAck(name), { error: { code: 'FST_NSP_REPLY_INVALID' } }, name)
  }
  t.equal(seen.length, 7)
  t.notOk(seen.includes(true))
})

t.test('the data of an error and the answer of a client may be binary if declared', async (t) => {
  const { app, socket } = await client(t, {
    emits: { 'image:want': { reply: Type.Object({ image: Binary({ maxBytes: 8 }) }) }, 'any:want': { reply: {} } },
    events: {
      fail: {
        errors: { BAD: Type.Object({ image: Binary({ maxBytes: 8 }) }) },
        handler: (_payload, { error }) => {
          throw error('BAD', { image: BYTES })
        },
      },
      ask: {
        handler: async (name, { ask }) => {
          try {
            return await ask(String(name))
          } catch (error) {
            return (error as { code: string }).code
          }
        },
      },
    },
  })
  t.match(await socket.emitWithAck('fail'), { error: { code: 'BAD', details: { image: BYTES } } })
  const answers: unknown[] = [{ image: BYTES }, { image: LARGE }, BYTES]
  socket.on('image:want', (answer) => answer(answers.shift()))
  socket.on('any:want', (answer) => answer(LARGE))
  t.strictSame(await socket.emitWithAck('ask', 'image:want'), { ok: true, data: { image: BYTES } })
  for (const name of ['image:want', 'image:want', 'any:want']) {
    t.strictSame(await socket.emitWithAck('ask', name), { ok: true, data: 'FST_NSP_ANSWER_INVALID' })
  }
  t.equal(app.io.engine.clientsCount, 1)
})

t.test('binary data in `auth`, which another parser may produce, is refused before validation', async (t) => {
  const auth = { type: 'object', additionalProperties: { type: 'integer' } }
  let spy = { seen: [] as boolean[] }
  const app = await build(t, {
    io: { parser: msgpack },
    namespaces: { '/x': { schema: { auth } }, '/z': { schema: { auth: z.any() } }, '/free': {} },
  })
  spy = spyCompiler(app)
  const url = `http://127.0.0.1:${await listen(app)}`
  for (const name of ['/x', '/z', '/free']) {
    const socket = join(t, url, name, { parser: msgpack, transports: ['websocket'], auth: { a: [1, LARGE] } })
    const [refused] = await next(socket, 'connect_error')
    t.match(refused, { data: { code: 'FST_NSP_CONNECT_INVALID', statusCode: 400, details: at('/auth/a/1') } }, name)
  }
  t.strictSame(spy.seen, [])
  const { connected } = await app.injectSocket('/x', { auth: { a: 1 } })
  t.ok(connected)
  t.strictSame(spy.seen, [false])
})
