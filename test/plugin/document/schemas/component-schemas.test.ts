import t from 'tap'
import type { JsonSchema } from '../../../../plugin/definition/contract/description.js'
import { createComponentSchemas } from '../../../../plugin/document/schemas/component-schemas.js'
import { createScope } from '../../../../plugin/document/schemas/schema-scope.js'

/** Renders schemas of one namespace; returns them and the components. */
function render(schemas: Readonly<Record<string, JsonSchema>>, ...written: readonly JsonSchema[]) {
  const components = createComponentSchemas()
  const renderSchema = components.createRenderer(createScope({ schemas }))
  const rendered = written.map((jsonSchema, index) => renderSchema({ jsonSchema }, `place-${index}`))
  return { rendered, components: components.list() }
}

const ref = (path: string) => ({ $ref: `#/components/schemas/${path}` })

t.test('a schema without references stands where it is used', async (t) => {
  const schema = {
    type: 'object',
    properties: { default: { type: 'string', default: 'x' }, list: { type: 'array', items: [{}, true] } },
  }
  t.strictSame(render({}, schema), { rendered: [schema], components: {} })
})

t.test('a shared schema is a component with the name of its `$id`', async (t) => {
  const User = {
    $id: 'User',
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { friend: { $ref: '#' } },
  }
  const Thing = {
    $id: 'https://example.com/things/1.json',
    properties: { part: { $ref: '#/definitions/a~1b' } },
    definitions: { 'a/b': { $id: '#anchor', type: 'string' } },
  }
  const { rendered, components } = render(
    { User, [Thing.$id]: Thing },
    { $ref: 'User#' },
    { items: { $ref: 'User' } },
    { $ref: `${Thing.$id}#anchor` },
  )
  t.strictSame(rendered, [ref('User'), { items: ref('User') }, ref('https.example.com.things.1.json/definitions/a~1b')])
  t.strictSame(components, {
    User: { type: 'object', properties: { friend: ref('User') } },
    'https.example.com.things.1.json': {
      title: Thing.$id,
      properties: { part: ref('https.example.com.things.1.json/definitions/a~1b') },
      definitions: { 'a/b': { type: 'string' } },
    },
  })
})

t.test('one `$id` of two contexts is two components, unless both mean the same', async (t) => {
  const components = createComponentSchemas()
  const inContext = (schemas: Readonly<Record<string, JsonSchema>>) =>
    components.createRenderer(createScope({ schemas }))({ jsonSchema: { $ref: 'Message#' } }, 'place')
  const Message = { $id: 'Message', properties: { from: { $ref: 'User#' }, to: { $ref: 'User#/properties/id' } } }
  const named = (type: string) => ({ $id: 'User', properties: { id: { type } } })
  t.strictSame(inContext({ Message, User: named('string') }), ref('Message'))
  t.strictSame(
    inContext({ Message: { properties: Message.properties, $id: 'Message' }, User: named('string') }),
    ref('Message'),
  )
  t.strictSame(inContext({ Message, User: named('integer') }), ref('Message_2'), 'it refers to another User')
  t.strictSame(Object.keys(components.list()), ['Message', 'User', 'Message_2', 'User_2'])
  t.strictSame(Object(components.list().Message_2).properties, { from: ref('User_2'), to: ref('User_2/properties/id') })
})

t.test('a schema that refers to itself, and one with an `$id`, become components', async (t) => {
  const tree = { type: 'object', additionalProperties: false, properties: { children: { items: { $ref: '#' } } } }
  const named = {
    properties: { one: { $id: 'One', type: 'string' }, two: { $ref: '#/definitions/é x' }, three: { $ref: 'One' } },
    definitions: { 'é x': {} },
  }
  const { rendered, components } = render({}, tree, named, { $id: 'One', type: 'string' })
  t.strictSame(rendered, [ref('place-0'), ref('place-1'), ref('One')])
  t.strictSame(components, {
    'place-0': { type: 'object', additionalProperties: false, properties: { children: { items: ref('place-0') } } },
    'place-1': {
      properties: { one: ref('One'), two: ref('place-1/definitions/%C3%A9%20x'), three: ref('One') },
      definitions: { 'é x': {} },
    },
    One: { type: 'string' },
  })
})

t.test('what stands beside a `$ref` is kept', async (t) => {
  const Text = { $id: 'Text', type: 'string' }
  const written = { $ref: 'Text', description: 'Words', maxLength: 5 }
  const { rendered } = render({ Text }, written, { ...written, allOf: [{ minLength: 1 }] })
  t.strictSame(rendered, [
    { description: 'Words', maxLength: 5, allOf: [ref('Text')] },
    { description: 'Words', maxLength: 5, allOf: [{ minLength: 1 }, ref('Text')] },
  ])
})

t.test('a reference to true or false is replaced, and one that leads nowhere says so', async (t) => {
  const Flags = { $id: 'Flags', definitions: { all: true, none: false } }
  const { rendered } = render(
    { Flags },
    { items: { $ref: 'Flags#/definitions/all' }, not: { $ref: 'Flags#/definitions/none' } },
    { $ref: 'Flags#/definitions/all' },
    { $ref: 'Gone#' },
    true,
    false,
  )
  t.strictSame(rendered, [
    { items: true, not: false },
    {},
    { description: 'A schema that is not found', 'x-socketio-unknown': 'Gone#' },
    {},
    { not: {} },
  ])
})

t.test('a reference to data is followed: it is a schema, because something refers to it', async (t) => {
  const Odd = {
    $id: 'Odd',
    'x-parts': { part: { items: { $ref: '#/definitions/text' } } },
    definitions: { text: { type: 'string' } },
  }
  const { rendered, components } = render({ Odd }, { $ref: 'Odd#/x-parts/part' })
  t.strictSame(rendered, [ref('place-0')])
  t.strictSame(components['place-0'], { items: ref('Odd/definitions/text') })
})

t.test('dependencies may be names', async (t) => {
  const schema = { dependencies: { a: ['b'], c: { required: ['d'] } }, items: [], dependentSchemas: [] }
  t.strictSame(render({}, schema).rendered, [schema])
})

t.test('keywords that AsyncAPI has not, or has otherwise, are rewritten or left out', async (t) => {
  const { rendered } = render(
    {},
    { type: 'string', nullable: true },
    { type: ['string', 'integer'], nullable: false },
    { binary: { maxBytes: 10, contentType: 'image/png' } },
    { binary: { maxBytes: 10 } },
    { discriminator: { propertyName: 'kind' }, deprecated: 'yes', externalDocs: { url: 'https://example.com' } },
    { const: { $ref: '#/nowhere' }, default: [{ $ref: 'x' }], examples: [{ a: 1 }], enum: [{ $ref: 1 }] },
    { nullable: true },
  )
  t.strictSame(rendered, [
    { type: ['string', 'null'] },
    { type: ['string', 'integer'] },
    { binary: { maxBytes: 10, contentType: 'image/png' }, format: 'binary', contentMediaType: 'image/png' },
    { binary: { maxBytes: 10 }, format: 'binary' },
    { externalDocs: { url: 'https://example.com' } },
    { examples: [{ a: 1 }], enum: [{ $ref: 1 }], 'x-socketio-unknown': 'const' },
    { type: ['null'] },
  ])
})

t.test('a schema of a library that has no JSON Schema says so', async (t) => {
  const renderSchema = createComponentSchemas().createRenderer(createScope({ schemas: {} }))
  t.strictSame(renderSchema({ vendor: 'valibot' }, 'x'), {
    description: 'A schema of valibot, which has no JSON Schema',
    'x-socketio-unknown': 'valibot',
  })
  t.match(renderSchema({}, 'x'), { 'x-socketio-unknown': 'unknown' })
})
