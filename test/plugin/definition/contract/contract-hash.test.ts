import t from 'tap'
import { type TSchema, Type } from 'typebox'
import * as v from 'valibot'
import * as z from 'zod'
import { describeContract } from '../../../../plugin/definition/contract/describe-contract.js'
import { normalizeDefinition } from '../../../../plugin/definition/normalize/normalize-definition.js'

/*
 * The hash of a contract.
 */

const hashOf = (definition: object, added: Record<string, unknown> = {}) =>
  describeContract(normalizeDefinition(definition, 'at'), added).hash
const handler = () => {}
const event = (keys: object) => ({ events: { x: { handler, ...keys } } })
const payload = (schema: object) => event({ payload: schema })
const object = (properties: Record<string, TSchema>) => Type.Object(properties)

t.test('a hash never changes by itself: clients have it built in', async (t) => {
  t.equal(hashOf({}), 'cc7a3ba28998e60c')
  t.equal(hashOf(payload({ type: 'string' })), 'c17745486460295c')
})

t.test('what client and server need not agree on changes no hash', async (t) => {
  const [text, id] = [Type.String(), Type.Integer()]
  const same: [string, object, object][] = [
    ['the order of properties', payload(object({ text, id })), payload(object({ id, text }))],
    ['the order of keywords', payload({ type: 'string', minLength: 1 }), payload({ minLength: 1, type: 'string' })],
    [
      'the order of events',
      { events: { a: { handler }, b: { handler } } },
      { events: { b: { handler }, a: { handler } } },
    ],
    [
      'prose of a schema',
      payload({ type: 'string' }),
      payload({ type: 'string', title: 'Text', description: 'A text' }),
    ],
    ['prose of an event', event({}), event({ summary: 'X', tags: ['x'], deprecated: true, examples: [1] })],
    ['prose of a namespace', {}, { description: 'Rooms', hide: true, contractMismatch: 'refuse' }],
    ['handlers and hooks', event({}), { events: { x: { handler: () => 1, preHandler: handler } }, onConnect: handler }],
    ['the library of a schema', payload(z.string()), payload({ type: 'string' })],
    ['how fast a stream may be', event({ stream: id }), event({ stream: id, credits: 2, readTimeoutMs: 0 })],
  ]
  for (const [what, one, other] of same) t.equal(hashOf(one), hashOf(other), what)
  t.equal(hashOf({}, { user: { $id: 'user' } }), hashOf({}), 'a schema that nothing refers to')
})

t.test('what client and server must agree on changes the hash', async (t) => {
  const named = (name: string) => payload({ type: 'object', properties: { [name]: { type: 'string' } } })
  const definitions: object[] = [
    {},
    event({}),
    { events: { y: { handler } } },
    { emits: { x: {} } },
    payload({ type: 'string' }),
    payload({ type: 'string', minLength: 1 }),
    payload({ const: { title: 'a' } }),
    payload({ const: { title: 'b' } }),
    payload({ enum: ['a', 'b'] }),
    event({ reply: { type: 'string' } }),
    event({ errors: { FULL: { type: 'string' } } }),
    event({ errors: { FULL: { type: 'integer' } } }),
    event({ stream: { type: 'string' } }),
    event({ stream: { type: 'string' }, itemId: handler }),
    // Names of properties, not prose.
    named('title'),
    named('description'),
    payload({ type: 'object' }),
    payload({ type: 'object', dependencies: { title: ['a'] } }),
    payload({ type: 'array', items: [{ type: 'string' }] }),
    payload({ type: 'array', items: [{ type: 'integer' }] }),
    payload(v.string()),
    { emits: { x: { payload: { type: 'string' } } } },
    { emits: { x: { reply: { type: 'string' } } } },
    { schema: { auth: { type: 'object' } } },
    { schema: { params: { type: 'object' } } },
  ]
  t.equal(new Set(definitions.map((definition) => hashOf(definition))).size, definitions.length)
  const shared = payload({ $ref: 'user' })
  t.not(hashOf(shared, { user: { $id: 'user', type: 'string' } }), hashOf(shared, { user: { $id: 'user' } }))
})
