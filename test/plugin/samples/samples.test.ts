import { Ajv } from 'ajv'
import t, { type Test } from 'tap'
import { type BundledSchema, bundleSchema, follow, fromJson, toJson } from '../../../plugin/samples/bundle-schema.js'
import { createInvalidVariants } from '../../../plugin/samples/invalid-variants.js'
import { loadSampler } from '../../../plugin/samples/sampler.js'
import { createFit } from '../../../plugin/samples/schema-fit.js'
import { createValidVariants } from '../../../plugin/samples/valid-variants.js'

const sample = await loadSampler()
// Fastify's options.
const OPTIONS = { coerceTypes: 'array', useDefaults: true, removeAdditional: true, strict: false } as const

const SHARED = {
  user: {
    $id: 'user',
    type: 'object',
    required: ['id'],
    properties: { id: { $ref: '#id' } },
    definitions: { id: { $id: '#id', type: 'string', format: 'uuid' } },
  },
  tree: {
    $id: 'tree',
    type: 'object',
    required: ['kids'],
    properties: { kids: { type: 'array', items: { $ref: '#' } } },
  },
}

const object = (properties: Record<string, unknown>) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
})

const SCHEMAS: Record<string, object> = {
  text: { type: 'string', minLength: 2, maxLength: 5 },
  'empty text': { type: 'string', maxLength: 0, examples: [''] },
  'long text': { type: 'string', maxLength: 1_000_000 },
  pattern: { type: 'string', pattern: '^\\d{3}$', examples: ['123'] },
  format: { type: 'string', format: 'date-time' },
  integer: { type: 'integer', minimum: 2, maximum: 9 },
  number: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 10 },
  'multiple above': { type: 'integer', multipleOf: 7, minimum: 10 },
  'multiple strictly above': { type: 'integer', multipleOf: 5, exclusiveMinimum: 10 },
  multiple: { type: 'number', multipleOf: 0.5 },
  boolean: { type: 'boolean' },
  null: { type: 'null' },
  constant: { const: 'a' },
  'constant number': { const: 1 },
  'constant boolean': { const: true },
  'constant null': { const: null },
  enum: { enum: ['a', 'b', 3] },
  'several types': { type: ['string', 'integer'] },
  list: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 3 },
  'list of anything': { type: 'array', minItems: 1, items: {} },
  'unique items': { type: 'array', items: { type: 'integer', examples: [5] }, minItems: 1, uniqueItems: true },
  'empty list': { type: 'array', items: false, maxItems: 0 },
  tuple: { type: 'array', items: [{ type: 'string' }, { type: 'integer' }], minItems: 2, maxItems: 2 },
  object: object({ a: { type: 'string' }, b: object({ c: { type: 'integer' } }) }),
  'odd keys': object({ 'a/b~c': { type: 'integer', minimum: 3 } }),
  optional: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['a'] },
  default: { type: 'object', properties: { a: { type: 'string', default: 'x' } }, required: ['a'] },
  'required and not described': { type: 'object', required: ['a'], examples: [{ a: 1 }] },
  map: { type: 'object', additionalProperties: { type: 'integer', minimum: 0 }, minProperties: 1 },
  patterns: { type: 'object', patternProperties: { '^x': { type: 'integer' } }, examples: [{ x1: 1, y: 2 }] },
  union: { anyOf: [object({ kind: { const: 'a' } }), object({ kind: { const: 'b' }, n: { type: 'integer' } })] },
  'one of': { oneOf: [{ type: 'integer', minimum: 1 }, object({ a: { type: 'string' } })] },

  'all of': { allOf: [object({ a: { type: 'string', minLength: 1 } }), object({ b: { type: 'integer' } })] },
  shared: object({ user: { $ref: 'user#' }, id: { $ref: 'user#/properties/id' }, tree: { $ref: 'tree' } }),
  recursive: {
    $id: 'node',
    type: 'object',
    required: ['children'],
    properties: { children: { type: 'array', items: { $ref: 'node' } } },
  },
  anything: {},
}

function compile(schema: object) {
  const ajv = new Ajv(OPTIONS)
  ajv.addFormat('uuid', /^[\da-f-]{36}$/).addFormat('date-time', /^\d{4}-\d\d-\d\dT/)
  for (const shared of Object.values(SHARED)) ajv.addSchema(shared)
  const validate = ajv.compile(schema)
  return (value: unknown) => {
    const parent = { value: structuredClone(value) }
    return validate(parent.value, {
      instancePath: '',
      parentData: parent,
      parentDataProperty: 'value',
      rootData: parent,
    } as never)
      ? undefined
      : validate.errors
  }
}

t.test("samples and valid variants are accepted by Fastify's validator, invalid variants are refused", async (t) => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    const errorsOf = compile(schema)
    const bundle = bundleSchema(schema, SHARED)
    const samples = sample(bundle)
    t.ok(samples.length > 0, `${name} has a sample`)
    for (const value of samples) {
      t.equal(errorsOf(value), undefined, `${name}: ${JSON.stringify(value)}`)
      for (const variant of createValidVariants(bundle, value, sample)) {
        t.equal(errorsOf(variant.value), undefined, `${name}: ${variant.name}: ${JSON.stringify(variant.value)}`)
      }
      for (const variant of createInvalidVariants(bundle, value)) {
        t.ok(errorsOf(variant.value), `${name}: ${variant.name}: ${JSON.stringify(variant.value)}`)
      }
    }
  }
})

/** The names of the variants of the first sample, of both kinds. */
function namesOf(name: string): [valid: string[], invalid: string[]] {
  const bundle = bundleSchema(SCHEMAS[name], SHARED)
  const [value] = sample(bundle)
  return [
    createValidVariants(bundle, value, sample).map((variant) => variant.name),
    createInvalidVariants(bundle, value).map((variant) => variant.name),
  ]
}

t.test('each keyword has variants of its own', async (t) => {
  const expected: [string, string[], string[]][] = [
    [
      'text',
      ['/ with minLength 2', '/ with maxLength 5'],
      ['/ against type "string"', '/ against minLength 2', '/ against maxLength 5'],
    ],
    ['long text', [], ['/ against type "string"']],
    [
      'integer',
      ['/ with minimum 2', '/ with maximum 9'],
      ['/ against type "integer"', '/ against minimum 2', '/ against maximum 9'],
    ],
    [
      'number',
      [
        '/ with exclusiveMinimum 0',
        '/ with exclusiveMinimum 0 (2)',
        '/ with exclusiveMaximum 10',
        '/ with exclusiveMaximum 10 (2)',
      ],
      ['/ against type "number"', '/ against exclusiveMinimum 0', '/ against exclusiveMaximum 10'],
    ],
    ['multiple', [], ['/ against type "number"', '/ against multipleOf 0.5']],
    ['boolean', [], ['/ against type "boolean"']],
    [
      'enum',
      ['/ with enum ["a","b",3]', '/ with enum ["a","b",3] (2)', '/ with enum ["a","b",3] (3)'],
      ['/ against enum ["a","b",3]'],
    ],
    [
      'several types',
      ['/ with type ["string","integer"]', '/ with type ["string","integer"] (2)'],
      ['/ against type ["string","integer"]'],
    ],
    ['constant boolean', [], ['/ against const true']],
    [
      'list',
      ['/ with minItems 2', '/ with maxItems 3'],
      ['/ against type "array"', '/ against minItems 2', '/ against maxItems 3', '/0 against type "string"'],
    ],
    [
      'unique items',
      ['/ with minItems 1'],
      ['/ against type "array"', '/ against minItems 1', '/ against uniqueItems true', '/0 against type "integer"'],
    ],
    [
      'odd keys',
      ['/a~1b~0c with minimum 3'],
      ['/ against type "object"', '/ without "a/b~c"', '/a~1b~0c against type "integer"', '/a~1b~0c against minimum 3'],
    ],
    ['default', [], ['/ against type "object"', '/a against type "string"']],
    [
      'map',
      ['/property1 with minimum 0', '/property2 with minimum 0'],
      [
        '/ against type "object"',
        '/ against minProperties 1',
        '/property1 against type "integer"',
        '/property1 against minimum 0',
        '/property2 against type "integer"',
        '/property2 against minimum 0',
      ],
    ],
    ['patterns', [], ['/ against type "object"', '/x1 against type "integer"']],
  ]
  for (const [name, valid, invalid] of expected) t.strictSame(namesOf(name), [valid, invalid], name)
  const [, [first]] = namesOf('union') as [string[], [string]]
  t.match(first, /^\/ against anyOf \[\{"type":"object",.{42}…$/, 'a long keyword is cut')
})

t.test('binary data stands where a schema has the keyword binary', async (t) => {
  const bundle = bundleSchema(
    object({ image: { binary: { maxBytes: 3 } }, list: { type: 'array', items: { binary: { maxBytes: 3 } } } }),
  )
  const [value] = sample(bundle)
  const received = fromJson(value)
  t.match(received, { image: Uint8Array, list: [Uint8Array] })
  t.equal(createFit(bundle)(received), undefined)
  t.equal(createFit(bundle)(toJson(received)), undefined)
  t.match(createFit(bundle)({ image: 'text', list: [] }), /^\/image must be equal to constant/)
  t.ok(createInvalidVariants(bundle, value).some(({ name }) => name === '/image against const binary data'))
})

t.test('a boolean is a schema, and nothing fits false', async (t) => {
  t.strictSame(sample(bundleSchema(true)), [null])
  t.strictSame(sample(bundleSchema(false)), [])
  t.match(createFit(bundleSchema(false))(1), /^\/ /)
})

t.test('a reference that leads nowhere is an error, and one that leads to itself ends', async (t) => {
  t.throws(() => bundleSchema({ $ref: 'nowhere#' }), { message: "nowhere# can't be followed" })
  const circle: BundledSchema = {
    $ref: '#/bundled/0',
    bundled: { 0: { $ref: '#/bundled/1' }, 1: { $ref: '#/bundled/0' } },
  }
  t.match(follow(circle, circle), { $ref: String })
})

t.test('a value that fits no alternative of a union, or is no list, has the places that it has', async (t: Test) => {
  const bundle = bundleSchema({
    anyOf: [{ type: 'string', minLength: 1 }],
    minItems: 1,
    minLength: 1,
    uniqueItems: true,
    minimum: 1,
    minProperties: 1,
  })
  t.strictSame(
    createInvalidVariants(bundle, []).map(({ name }) => name.slice(0, 15)),
    ['/ against anyOf', '/ against minIt'],
  )
  t.strictSame(createInvalidVariants(bundleSchema({ minItems: 2 }), 1), [])
  t.strictSame(createInvalidVariants(bundleSchema({ maxItems: 1 }), []), [], 'an empty list has no item to repeat')
  t.strictSame(
    createInvalidVariants(bundleSchema({ required: ['a'], type: 'string' }), 'x').map(({ name }) => name),
    ['/ against type "string"'],
  )
})

t.test('without openapi-sampler, an error says what to install', async (t) => {
  const cause = new Error('Cannot find package')
  await t.rejects(
    loadSampler(() => Promise.reject(cause)),
    { code: 'FST_NSP_SAMPLER_MISSING', message: /npm install --save-dev openapi-sampler$/, cause },
  )
})
