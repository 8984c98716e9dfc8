import t from 'tap'
import { rowOf, type SchemaRow } from '../../../console/catalog/schema-rows.js'

/** The names and types of the rows, two levels deep. */
function outline(row: SchemaRow, depth = 3): unknown {
  if (!row.hasChildren || depth === 0) return row.type
  return Object.fromEntries(row.children().map((child) => [child.name, outline(child, depth - 1)]))
}

t.test('a row has the type, the rules and the description of its property', async (t) => {
  const schema = {
    type: 'object',
    required: ['text'],
    additionalProperties: false,
    properties: {
      text: {
        type: 'string',
        minLength: 1,
        maxLength: 5,
        pattern: '^a',
        description: 'What to say',
        default: 'a',
        deprecated: true,
      },
      tags: { type: 'array', items: { type: 'string' }, maxItems: 3, uniqueItems: true },
      size: { enum: ['s', 'l'] },
      image: { binary: { maxBytes: 10, contentType: 'image/png' } },
      one: { const: 1 },
      any: {},
      none: false,
    },
  }
  const root = rowOf(schema, {})
  t.strictSame(root.rules, ['no other properties'])
  t.match(root.children(), [
    {
      name: 'text',
      type: 'string',
      isRequired: true,
      isDeprecated: true,
      description: 'What to say',
      rules: ['at least 1 character', 'at most 5 characters', 'matches ^a', 'default "a"'],
      hasChildren: false,
    },
    {
      name: 'tags',
      type: 'list of string',
      isRequired: false,
      rules: ['at most 3 items', 'no item twice'],
      hasChildren: false,
    },
    { name: 'size', type: 'string', rules: ['one of "s", "l"'] },
    { name: 'image', type: 'bytes', rules: ['at most 10 bytes, image/png'] },
    { name: 'one', type: '1' },
    { name: 'any', type: 'any' },
    { name: 'none', type: 'nothing' },
  ])
})

t.test('nested objects, lists and tuples have rows of their own', async (t) => {
  const schema = {
    type: 'object',
    properties: {
      inner: { type: 'object', properties: { deep: { type: 'number' } } },
      list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
      pair: { type: 'array', items: [{ type: 'string' }, { type: 'integer' }] },
    },
    patternProperties: { '^x': { type: 'null' } },
    additionalProperties: { type: 'boolean' },
  }
  t.strictSame(outline(rowOf(schema, {})), {
    inner: { deep: 'number' },
    list: { 'each item': { a: 'string' } },
    pair: { 'item 0': 'string', 'item 1': 'integer' },
    'names that match ^x': 'null',
    'other names': 'boolean',
  })
})

t.test('literals are told by the type; other alternatives have rows', async (t) => {
  t.match(rowOf({ anyOf: [{ const: 'a' }, { const: 'b' }] }, {}), { type: '"a" or "b"', hasChildren: false })
  const either = rowOf(
    {
      oneOf: [
        { type: 'string', minLength: 1 },
        { type: 'object', properties: { a: { type: 'null' } } },
      ],
    },
    {},
  )
  t.equal(either.type, 'string or object')
  t.strictSame(outline(either), { 'one of 1': 'string', 'one of 2': { a: 'null' } })
})

t.test('the properties of a conjunction stand beside those of the schema', async (t) => {
  const schema = {
    properties: { a: { type: 'string' } },
    allOf: [{ type: 'object', required: ['b'], properties: { b: { type: 'null' } } }],
  }
  t.match(rowOf(schema, {}).children(), [{ name: 'a' }, { name: 'b', isRequired: true }])
})

t.test('a schema that contains itself is read only as far as it is opened', async (t) => {
  const shared = {
    Node: {
      $id: 'Node',
      type: 'object',
      properties: { name: { type: 'string' }, next: { $ref: 'Node#' }, list: { type: 'array', items: { $ref: '#' } } },
    },
  }
  let row: SchemaRow | undefined = rowOf({ $ref: 'Node#' }, shared)
  for (let depth = 0; depth < 100; depth++) row = row?.children().find(({ name }) => name === 'next')
  t.match(row, { name: 'next', type: 'Node', hasChildren: true })
})

t.test('a reference that leads nowhere, or round and round, is said and not followed', async (t) => {
  t.equal(rowOf({ $ref: 'Nobody#' }, {}).type, 'Nobody# (not found)')
  t.match(rowOf({ $ref: '#' }, {}).type, '# (not found)')
  t.match(rowOf({ $ref: '#/definitions/a', definitions: { a: { $ref: '#/definitions/a' } } }, {}).type, '(not found)')
  t.match(rowOf({ $ref: '#/%' }, {}).type, '(not found)')
})

t.test('what beside a reference describes the property wins', async (t) => {
  const shared = { Name: { $id: 'Name', type: 'string', description: 'A name' } }
  const schema = { properties: { author: { $ref: 'Name#', description: 'Who wrote it' } } }
  t.match(rowOf(schema, shared).children(), [{ type: 'Name', description: 'Who wrote it' }])
})

t.test('schemas of other shapes than a schema has do not throw', async (t) => {
  for (const schema of [
    { type: 5, properties: 3, items: 'x', anyOf: {}, enum: 1, required: 'a' },
    { type: 'array', items: null, prefixItems: [null, 1] },
    { properties: { a: null, b: 7 }, allOf: [null], oneOf: [1, null] },
    JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'),
  ]) {
    t.ok(rowOf(schema, {}).type)
    t.doesNotThrow(() => outline(rowOf(schema, {})))
  }
})
