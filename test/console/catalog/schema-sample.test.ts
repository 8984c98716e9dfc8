import t from 'tap'
import { createCheck } from '../../../console/catalog/schema-check.js'
import { sampleOf } from '../../../console/catalog/schema-sample.js'

t.test('the first example of an event is its sample', async (t) => {
  t.strictSame(sampleOf({ type: 'string' }, {}, [{ a: 1 }, 2]), { a: 1 })
})

t.test('a sample fits its schema: limits, patterns, formats, values, references and binary data', async (t) => {
  const shared = {
    'tree#': {
      $id: 'tree#',
      type: 'object',
      required: ['kids'],
      properties: { name: { type: 'string' }, kids: { type: 'array', items: { $ref: '#' } } },
    },
  }
  const schema = {
    type: 'object',
    required: ['id', 'kind'],
    properties: {
      id: { type: 'string', pattern: '^[a-z]{3}-\\d+$' },
      at: { type: 'string', format: 'date-time', minLength: 60 },
      kind: { const: 'message' },
      price: { type: 'number', exclusiveMinimum: 10, multipleOf: 2.5 },
      image: { binary: { maxBytes: 10 } },
      tree: { $ref: 'tree#' },
      self: { $ref: '#' },
      who: { oneOf: [{ type: 'object', properties: { name: { type: 'string', minLength: 12 } } }, { type: 'null' }] },
    },
  }
  const sample = sampleOf(schema, shared)
  t.strictSame(createCheck(schema, shared)(sample), [])
  t.match(sample, { id: /^[a-z]{3}-/, kind: 'message', price: 12.5, image: { $binary: '' }, tree: { kids: [] } })
  t.notOk(Object.hasOwn(sample as object, 'self'))
})

t.test('the sample of a pattern is a text that a reader would write, within its limits', async (t) => {
  const sample = (schema: object) => sampleOf({ type: 'string', ...schema })
  for (const pattern of ['\\S', '^\\S+$', '^\\S(.*\\S)?$', '^\\p{L}+$', '^.+$'])
    t.equal(sample({ pattern }), 'text', pattern)
  t.equal(sample({ pattern: '\\S', maxLength: 2 }), 'a')
  t.equal(sample({ pattern: '^[A-Z]$' }), 'A')
  t.equal(sample({ pattern: '\\S', default: 'mine' }), 'mine')
  t.equal(sample({ pattern: '^b', enum: ['b1', 'b2'] }), 'b1')
  t.equal(sample({ pattern: '^b{3}$' }), 'bbb')
  t.equal(sampleOf({ type: 'integer', pattern: '\\S' }), 0)
})

// Without its bounds, this would not end within tap's own timeout.
t.test('a hostile schema has a sample within a moment', async (t) => {
  const wide = (name: string) =>
    Object.fromEntries([...'abcdefghij'].map((key) => [key, { $ref: `#/definitions/${name}` }]))
  const levels = Array.from({ length: 30 }, (_, level) => [
    `d${level}`,
    { type: 'object', properties: wide(level === 29 ? 'end' : `d${level + 1}`) },
  ])
  const definitions = { ...Object.fromEntries(levels), end: { type: 'string' } }
  for (const schema of [
    { $ref: '#/definitions/d0', definitions },
    { type: 'object', required: ['a'], properties: { a: { $ref: '#' } } },
    { allOf: [{ $ref: '#' }] },
    { type: 'string', pattern: '((a{999}){999}){999}' },
    { type: 'string', pattern: '^(a+)+$' },
    { type: 'string', minLength: 1e9 },
    { type: 'array', items: { type: 'array', minItems: 1e9, items: { type: 'string' } }, minItems: 1e9 },
    { type: 'object', properties: JSON.parse('{"__proto__": { "type": "string" }}') },
    { $ref: 'nowhere#' },
    { type: 'never' },
    { properties: 1, items: 'x', anyOf: {} },
    true,
  ]) {
    t.doesNotThrow(() => sampleOf(schema as never, {}))
  }
})
