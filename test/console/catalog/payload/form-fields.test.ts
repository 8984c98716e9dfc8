import fc from 'fast-check'
import t from 'tap'
import { fieldsOf, readFields, writeField } from '../../../../console/catalog/payload/form-fields.js'

const flat = {
  type: 'object',
  required: ['text', 'size'],
  properties: {
    text: { type: 'string', description: 'What to say', maxLength: 10 },
    count: { type: 'integer', minimum: 1 },
    isLoud: { type: 'boolean' },
    size: { anyOf: [{ const: 's' }, { const: 'l' }] },
    grade: { enum: [1, 2, null] },
  },
}
const fields = fieldsOf(flat, {}) ?? []

t.test('a flat object has a field for each property', async (t) => {
  t.match(fields, [
    { name: 'text', kind: 'text', isRequired: true, hint: 'What to say, at most 10 characters' },
    { name: 'count', kind: 'number', isRequired: false, hint: '≥ 1' },
    { name: 'isLoud', kind: 'choice', choices: ['true', 'false'] },
    { name: 'size', kind: 'choice', choices: ['"s"', '"l"'] },
    { name: 'grade', kind: 'choice', choices: ['1', '2', 'null'] },
  ])
})

t.test('references are followed', async (t) => {
  const shared = { Name: { $id: 'Name', type: 'string' } }
  t.match(fieldsOf({ type: 'object', properties: { name: { $ref: 'Name#' } } }, shared), [
    { name: 'name', kind: 'text' },
  ])
})

t.test('what is not flat has no form', async (t) => {
  for (const schema of [
    true,
    { type: 'string' },
    { type: 'object' },
    { type: 'object', properties: {} },
    { type: 'object', properties: { list: { type: 'array' } } },
    { type: 'object', properties: { bytes: { binary: { maxBytes: 1 } } } },
    { type: 'object', properties: { either: { type: ['string', 'null'] } } },
    { type: 'object', properties: { text: { type: 'string' } }, oneOf: [{}] },
  ])
    t.equal(fieldsOf(schema, {}), undefined, JSON.stringify(schema))
})

t.test('the form shows the values of the text, and keeps variables', async (t) => {
  const text = '{ "text": "{{name}}", "count": {{count}}, "isLoud": true, "size": "l", "more": [1] }'
  t.strictSame(
    [...(readFields(text, fields) ?? [])],
    [
      ['text', '{{name}}'],
      ['count', '{{count}}'],
      ['isLoud', 'true'],
      ['size', '"l"'],
    ],
  )
})

t.test('an edit changes its own value only', async (t) => {
  const [text, count] = fields
  t.ok(text && count)
  if (!text || !count) return
  const before = '{ "text": "a", "count": {{count}}, "more": [1] }'
  const after = writeField(before, text, 'say "hi"')
  t.match(after, '"count": {{count}}')
  t.match(after, '"more": [1]')
  t.match(after, '"text": "say \\"hi\\""')
  t.match(writeField(before, count, '3'), '"count": 3')
  t.match(writeField(before, count, '{{other}}'), '"count": {{other}}')
  t.match(writeField(before, count, 'three'), '"count": "three"')
})

t.test('an empty value is left out, unless it is a text that is required', async (t) => {
  const empty = fields.reduce(
    (text, field) => writeField(text, field, ''),
    '{"text": "a", "count": 1, "isLoud": true, "size": "s"}',
  )
  t.strictSame(JSON.parse(empty), { text: '' })
})

t.test('a text that is no object has no values to show', async (t) => {
  for (const text of ['[1]', '{"text": ', '"a"', '{{all}}']) t.equal(readFields(text, fields), undefined, text)
  t.equal(readFields('', fields)?.size, 0)
})

t.test('what the form writes, it reads', async (t) => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      (text, count, isLoud) => {
        const values: Record<string, string> = {
          text,
          count: JSON.stringify(count),
          isLoud: String(isLoud),
          size: '"s"',
          grade: 'null',
        }
        const written = fields.reduce((before, field) => writeField(before, field, values[field.name] ?? ''), '')
        t.strictSame(Object.fromEntries(readFields(written, fields) ?? []), values)
        t.strictSame(JSON.parse(written), JSON.parse(JSON.stringify({ text, count, isLoud, size: 's', grade: null })))
      },
    ),
  )
})
