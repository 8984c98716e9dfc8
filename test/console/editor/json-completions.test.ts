import t from 'tap'
import { createSchemaReader } from '../../../console/catalog/schema-parts.js'
import { completionsAt } from '../../../console/editor/json-completions.js'

const shared = {
  'who#': { $id: 'who#', type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } } },
}
const schema = {
  type: 'object',
  required: ['text'],
  properties: {
    loud: { type: 'boolean', default: false },
    text: { type: 'string' },
    kind: { enum: ['a', 'b'] },
    to: { type: 'array', items: { $ref: 'who#' } },
    image: { binary: { maxBytes: 9 } },
  },
  anyOf: [{ properties: { one: { const: 1 } } }, { $ref: '#/definitions/two' }],
  definitions: { two: { properties: { two: { type: ['string', 'null'], examples: ['x'] } } } },
}
const reader = createSchemaReader(schema, shared)

/** What is offered at the `|` of a text, and the text with the first offer. */
function offersAt(marked: string) {
  const text = marked.replace('|', '')
  const { span, options } = completionsAt(reader, text, marked.indexOf('|'))
  const [first] = options
  const done = first && text.slice(0, span.from) + first.text + text.slice(span.to)
  return [options.map(({ label }) => label).join(' '), done]
}

t.test(
  'names of properties are offered: required ones first, none twice, those of references and alternatives too',
  async (t) => {
    t.strictSame(offersAt('{ |}'), ['text loud kind to image one two', '{ "text": ""}'])
    t.strictSame(offersAt('{ "text": "", "|"}'), ['loud kind to image one two', '{ "text": "", "loud": false}'])
    t.strictSame(offersAt('{ "te|": 1 }'), ['text loud kind to image one two', '{ "text": 1 }'])
    t.strictSame(offersAt('{ "to": [{ | }] }'), ['name age', '{ "to": [{ "name": "" }] }'])
    t.strictSame(offersAt('{ "to": [{ "na| }] }')[0], 'name age')
    t.strictSame(offersAt('{ "nothing": { | } }'), ['', undefined])
  },
)

t.test('values are offered: those of enum, const, booleans, null, examples and binary data', async (t) => {
  t.strictSame(offersAt('{ "kind": |}'), ['"a" "b"', '{ "kind": "a"}'])
  t.strictSame(offersAt('{ "kind": "x|" }'), ['"a" "b"', '{ "kind": "a" }'])
  t.strictSame(offersAt('{ "loud": t| }'), ['false true', '{ "loud": false }'])
  t.strictSame(offersAt('{ "one": | }')[0], '1')
  t.strictSame(offersAt('{ "two": | }')[0], '"x" null')
  t.strictSame(offersAt('{ "image": | }')[0], '{"$binary":""}')
})
