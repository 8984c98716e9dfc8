import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import t from 'tap'
import { createCheck } from '../../../console/catalog/schema-check.js'
import type { JsonSchema } from '../../../plugin/definition/contract/description.js'

t.setTimeout(120_000)

const problemsOf = (schema: JsonSchema, value: unknown, shared: Record<string, JsonSchema> = {}) =>
  createCheck(schema, shared)(value).map(({ path, message }) => `${path}: ${message}`)

t.test('a problem names its place and says what would be right', async (t) => {
  const schema = {
    type: 'object',
    required: ['text', 'kind'],
    properties: {
      text: { type: 'string', minLength: 1 },
      kind: { enum: ['a', 'b'] },
      count: { type: 'integer', minimum: 2 },
      who: { anyOf: [{ type: 'object' }, { type: 'null' }] },
      email: { type: 'string', format: 'email' },
      'a/b': { type: 'array', items: { type: 'number', multipleOf: 2 }, uniqueItems: true },
    },
  }
  const value = { text: '', kind: 'c', count: 1, who: 'me', email: 'x', 'a/b': [2, 3] }
  t.strictSame(problemsOf(schema, value), [
    '/text: text must be at least 1 character long',
    '/kind: kind must be "a" or "b"',
    '/count: count must be at least 2',
    '/who: who must be object or null',
    '/email: email must be a valid email',
    '/a~1b/1: item 1 must be a multiple of 2',
  ])
  t.strictSame(problemsOf(schema, {}), [': the value must have "text" and "kind"'])
  t.strictSame(problemsOf(schema, []), [': the value must be object'])
})

t.test('of alternatives, the problems of the one that is meant are told', async (t) => {
  const schema = {
    oneOf: [
      { type: 'object', required: ['kind', 'text'], properties: { kind: { const: 'text' }, text: { type: 'string' } } },
      { type: 'object', required: ['kind', 'url'], properties: { kind: { const: 'link' }, url: { type: 'string' } } },
    ],
  }
  t.strictSame(problemsOf(schema, { kind: 'link' }), [': the value must have "url"'])
  t.strictSame(problemsOf(schema, { kind: 'text', text: {} }), ['/text: text must be string'])
})

t.test('references to shared schemas and recursion are followed', async (t) => {
  const shared = {
    'tree#': { $id: 'tree#', type: 'object', properties: { kids: { type: 'array', items: { $ref: '#' } } } },
  }
  t.strictSame(problemsOf({ $ref: 'tree#' }, { kids: [{ kids: [1] }] }, shared), [
    '/kids/0/kids/0: item 0 must be object',
  ])
  t.strictSame(problemsOf({ $ref: '#/definitions/a', definitions: { a: { $ref: '#/definitions/a' } } }, {}), [])
  t.strictSame(problemsOf({ $ref: 'nowhere#/x' }, {}), [])
})

t.test('binary data is its placeholder, a file or bytes, within its size', async (t) => {
  const schema = { properties: { image: { binary: { maxBytes: 3 } } } }
  t.strictSame(problemsOf(schema, { image: { $binary: 'AAAA' } }), [])
  t.strictSame(problemsOf(schema, { image: { $file: 'a.png' } }), [])
  t.strictSame(problemsOf(schema, { image: new Uint8Array(3) }), [])
  t.strictSame(problemsOf(schema, { image: { $binary: 'AAAAAA==' } }), ['/image: image must be at most 3 bytes long'])
  t.strictSame(problemsOf(schema, { image: 'AAAA' }), ['/image: image must be binary data: { "$binary": "base64" }'])
})

t.test('a place whose value is not known yet is right', async (t) => {
  const schema = { properties: { a: { type: 'object' } }, required: ['b'] }
  const check = createCheck(schema, {})
  t.strictSame(check({ a: '?' }, { isOpen: (path) => path === '/a' }), [
    { path: '', message: 'the value must have "b"' },
  ])
})

// Without its bounds, this would not end within tap's own timeout.
t.test('a hostile schema neither throws nor keeps the page busy', async (t) => {
  const patterns = [
    '^(a+)+$',
    '(a*)*b',
    '^(a|a)*$',
    'a*a*a*a*a*b',
    '((a+)+)+$',
    '(',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a{1,9}){1,9}{1,9}b',
  ]
  for (const pattern of patterns) {
    for (const length of [12, 30, 1000, 100_000]) problemsOf({ type: 'string', pattern }, `${'a'.repeat(length)}!`)
    problemsOf({ patternProperties: { [pattern]: false } }, { [`${'a'.repeat(40)}!`]: 1 })
  }
  let deep: unknown = {}
  for (let depth = 0; depth < 5000; depth++) deep = { a: deep }
  problemsOf({ properties: { a: { $ref: '#' } } }, deep)
  problemsOf(Object.fromEntries(['allOf', 'anyOf', 'oneOf'].map((key) => [key, [{ $ref: '#' }, { $ref: '#' }]])), {})
  problemsOf({ type: 'array', items: { type: 'string' }, uniqueItems: true }, Array(200_000).fill({}))
  for (const wrong of [
    null,
    1,
    'x',
    [],
    { type: 1 },
    { properties: [] },
    { enum: {} },
    { required: 'a' },
    { items: null },
  ]) {
    problemsOf(wrong as never, { a: [1, { b: 2 }] })
  }
  t.strictSame(
    problemsOf({ properties: { a: { type: 'object' } } }, JSON.parse('{"__proto__": 1, "constructor": 2}')),
    [],
  )
})

// Values that the server's validator turns into others, and their neighbours.
const scalars = fc.constantFrom<unknown>(
  null,
  true,
  false,
  0,
  1,
  2,
  5,
  1.5,
  '',
  '1',
  '1.5',
  'true',
  'null',
  'a',
  'abc',
  'a@b.cd',
  '2020-01-01',
)
const names = ['a', 'b', 'c']
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 3 }),
  ),
})).value

const optional = { requiredKeys: ['type'] as 'type'[] }
const small = fc.integer({ min: 0, max: 3 })
const schemas = fc.letrec<{ schema: object }>((tie) => {
  const schema = tie('schema')
  const maps = fc.dictionary(fc.constantFrom(...names), schema, { maxKeys: 3 })
  const some = fc.array(schema, { minLength: 1, maxLength: 3 })
  return {
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({
        type: fc.constantFrom('boolean', 'null', ['string', 'null'], ['integer', 'string'], ['object', 'null']),
      }),
      fc.record(
        {
          type: fc.constant('string'),
          minLength: small,
          maxLength: small,
          format: fc.constantFrom('email', 'date'),
          pattern: fc.constantFrom('^a', '1$'),
        },
        optional,
      ),
      fc.record(
        {
          type: fc.constantFrom('number', 'integer'),
          minimum: small,
          exclusiveMaximum: small,
          multipleOf: fc.constantFrom(2, 0.5),
          default: small,
        },
        optional,
      ),
      fc.record(
        { type: fc.constantFrom('string', 'number'), enum: fc.uniqueArray(scalars, { minLength: 1, maxLength: 3 }) },
        optional,
      ),
      fc.record({ const: scalars }),
      fc.record({ $ref: fc.constantFrom('#/definitions/a', '#') }),
      fc.record(
        { type: fc.constant('array'), items: schema, minItems: small, maxItems: small, uniqueItems: fc.boolean() },
        optional,
      ),
      fc.record(
        {
          type: fc.constant('object'),
          properties: maps,
          required: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
          additionalProperties: fc.oneof(fc.boolean(), schema),
          patternProperties: fc.record({ '^a': schema }),
          minProperties: small,
        },
        optional,
      ),
      fc.record({ anyOf: some }),
      fc.record({ oneOf: some }),
      fc.record({
        allOf: fc.array(
          fc.record({ type: fc.constant('object'), properties: maps, additionalProperties: fc.boolean() }, optional),
          { maxLength: 2, minLength: 1 },
        ),
      }),
      fc.record({ not: schema }),
      fc.record({ if: schema, else: schema }),
    ),
  }
}).schema

t.test('what the validator of Fastify accepts, the check accepts', async (t) => {
  let refused = 0
  let found = 0
  const property = fc.property(
    schemas,
    schemas,
    fc.array(values, { minLength: 20, maxLength: 20 }),
    (schema, a, values) => {
      const whole = { ...schema, definitions: { a } }
      const ajv = new Ajv({
        coerceTypes: 'array',
        useDefaults: true,
        removeAdditional: true,
        strict: false,
        logger: false,
      })
      addFormats.default(ajv)
      const isAccepted = compile(ajv, whole)
      const check = createCheck(whole, {})
      for (const value of values) {
        const problems = check(value)
        if (!isAccepted(structuredClone(value))) {
          refused++
          if (problems.length > 0) found++
        } else if (problems.length > 0) {
          throw new Error(`${JSON.stringify(value)} is accepted by Ajv, and not by the check: ${problems[0]?.message}`)
        }
      }
    },
  )
  fc.assert(property, { numRuns: Number(process.env.RUNS ?? 100), seed: Number(process.env.SEED ?? 17) })
  t.comment(`of ${refused} refused values, the check found ${found}`)
  t.ok(found > refused / 2)
})

/** A recursion that never ends, and a schema that is none, accept nothing here. */
function compile(ajv: Ajv, schema: object): (value: unknown) => boolean {
  try {
    const validate = ajv.compile(schema)
    return (value) => {
      try {
        return validate(value)
      } catch {
        return false
      }
    }
  } catch {
    return () => false
  }
}
