import Fastify from 'fastify'
import t, { type Test } from 'tap'
import * as v from 'valibot'
import type { ContractChange } from '../../../../plugin/cli/diff/compare-contracts.js'
import namespaces from '../../../../plugin/index.js'
import { runCli } from '../cli-harness.js'

type Definition = Record<string, unknown>

const handler = () => undefined
const string = { type: 'string' }
const text = (rest: object = {}) => ({ type: 'object', properties: { text: string }, ...rest })

/** The manifest of some definitions, as a file of `cwd`. */
async function manifestOf(definitions: Record<string, Definition>, options: object = {}): Promise<string> {
  const app = Fastify()
  await app.register(namespaces, { namespaces: definitions as never, ...options })
  await app.ready()
  const description = app.describeNamespaces()
  await app.close()
  return JSON.stringify(description)
}

/** Compares two servers, each with its namespaces. */
async function diff(t: Test, before: Record<string, Definition>, after: Record<string, Definition>, ...args: string[]) {
  const cwd = t.testdir({ 'old.json': await manifestOf(before), 'new.json': await manifestOf(after) })
  return runCli(['diff', 'old.json', 'new.json', ...args], { cwd })
}

const chat = (events: object, emits: object = {}, rest: object = {}) => ({ '/chat': { events, emits, ...rest } })

t.test('without a change nothing is listed; prose does not count', async (t) => {
  const one = chat({ send: { payload: text(), handler, description: 'one' } })
  const two = chat({ send: { payload: text({ title: 'Text' }), handler, description: 'two' } })
  t.strictSame(await diff(t, one, two), { code: 0, out: 'No changes\n', err: '' })
  t.strictSame(await diff(t, one, two, '--json'), { code: 0, out: '[]\n', err: '' })
})

t.test('a breaking change is listed first, and the exit code is 1', async (t) => {
  const result = await diff(
    t,
    chat({ send: { payload: text(), reply: string, handler } }),
    chat({ send: { payload: text({ required: ['text'] }), reply: { ...string, maxLength: 5 }, handler } }),
  )
  t.strictSame(result, {
    code: 1,
    out: 'Breaking:\n  /chat send: payload.text is now required\n\nNot breaking:\n  /chat send: reply: maxLength is now 5\n',
    err: '1 breaking change\n',
  })
})

t.test('namespaces and the path', async (t) => {
  const cwd = t.testdir({
    'old.json': await manifestOf({ '/a': {}, '/b': {} }),
    'new.json': await manifestOf({ '/b': {}, '/c': {} }, { io: { path: '/ws' } }),
  })
  const { out, err } = await runCli(['diff', 'old.json', 'new.json'], { cwd })
  t.match(out, /\* ?: the path of the handshake was \/socket\.io, is \/ws/)
  t.match(out, "  /a: is gone; clients can't join\n")
  t.match(out, 'Not breaking:\n  /c: is new\n')
  t.equal(err, '2 breaking changes\n')
})

/** The effects and texts of all changes. */
async function changes(
  t: Test,
  before: Record<string, Definition>,
  after: Record<string, Definition>,
  ...args: string[]
) {
  const { out } = await diff(t, before, after, '--json', ...args)
  return (JSON.parse(out) as ContractChange[]).map(({ effect, text }) => `${effect}: ${text}`)
}

t.test('events', async (t) => {
  const one = { old: { handler }, same: { payload: text(), handler, errors: { A: string, B: string } } }
  const two = { new: { handler }, same: { handler, deprecated: true, errors: { B: { type: 'null' }, C: string } } }
  t.strictSame(await changes(t, chat(one), chat(two)), [
    'compatible: is new',
    'breaking: is gone; clients get FST_NSP_EVENT_UNKNOWN',
    'compatible: is deprecated now',
    'compatible: payload has no schema any more',
    'compatible: error A is gone',
    'breaking: errors.B may now be null',
    'compatible: errors.B is no longer string',
    'compatible: error C is new; clients see it as an error that they do not know',
  ])
  const key = { idempotency: { key: () => 'key' } }
  t.strictSame(await changes(t, chat({ send: { handler, ...key } }), chat({ send: { handler } })), [
    'breaking: has no idempotency key any more; an event that a client repeats is handled again',
  ])
})

t.test('streams', async (t) => {
  const plain = chat({ tail: { handler } })
  const stream = (rest: object) => chat({ tail: { stream: string, handler, ...rest } })
  t.strictSame(await changes(t, plain, stream({})), ['breaking: is a stream now; clients get FST_NSP_STREAM_INVALID'])
  t.strictSame(await changes(t, stream({}), plain), ['breaking: is no stream any more; clients get no items'])
  t.strictSame(
    await changes(t, stream({ itemId: () => 1, credits: 4 }), stream({ stream: { type: 'null' }, credits: 8 })),
    [
      'breaking: stream may now be null',
      'compatible: stream is no longer string',
      "breaking: its items have no ids any more; clients can't resume",
      'compatible: credits were 4, are 8',
    ],
  )
})

t.test('emits', async (t) => {
  const one = { old: {}, asked: { payload: string }, answered: { reply: string } }
  const two = { asked: { payload: string, reply: string }, answered: { reply: { type: ['string', 'null'] } }, new: {} }
  t.strictSame(await changes(t, chat({}, one), chat({}, two)), [
    'compatible: reply now accepts null',
    'breaking: wants a reply now; clients give none',
    'compatible: is new',
    'breaking: is gone; clients wait for it in vain',
  ])
})

t.test('joining', async (t) => {
  const join = (schema: object) => ({ '/orgs/:orgId': { schema } })
  const auth = { type: 'object', required: ['token'], properties: { token: string } }
  t.strictSame(await changes(t, join({}), join({ auth })), ['breaking: auth has a schema now'])
  const params = (type: string) => join({ params: { type: 'object', properties: { orgId: { type } } } })
  t.strictSame(await changes(t, params('integer'), params('number')), [
    'compatible: params.orgId now accepts fractions',
  ])
})

t.test('a server that refuses other contracts breaks clients by any change', async (t) => {
  const one = chat({ send: { handler } })
  const two = (contractMismatch: string) => chat({ send: { handler }, more: { handler } }, {}, { contractMismatch })
  t.strictSame(await changes(t, one, two('warn')), ['compatible: is new'])
  t.strictSame(await changes(t, one, two('refuse')), [
    'compatible: is new',
    'breaking: contractMismatch is refuse; clients that send the hash of the old contract are refused',
  ])
})

t.test('a schema without JSON Schema is not compared, and breaks if it was one', async (t) => {
  const vendor = chat({ send: { payload: v.string(), handler } })
  const { code, out } = await diff(t, vendor, vendor)
  t.strictSame([code, out], [0, 'Not compared:\n  /chat send: payload has no JSON Schema (valibot)\n'])
  t.strictSame(await changes(t, chat({ send: { payload: string, handler } }), vendor), [
    "breaking: payload has a JSON Schema only in one contract; it can't be compared",
  ])
})

t.test('--strict counts properties that are not declared', async (t) => {
  const two = text({ properties: { text: string, room: string } })
  const of = (payload: object) => chat({ send: { payload, handler } })
  const [before, after] = [of(text()), of(two)]
  t.strictSame(await changes(t, before, after), ['compatible: payload.room is new'])
  t.strictSame(
    (await changes(t, before, after, '--strict'))[0],
    'breaking: payload.room no longer accepts null, boolean, object, array, number, integer',
  )
})
