import { EventEmitter } from 'node:events'
import t from 'tap'
import type { EventDescription, NamespaceDescription } from '../../../plugin/definition/contract/description.js'
import { loadSampler } from '../../../plugin/samples/sampler.js'
import { checkEvent } from '../../../plugin/testing/contract/check-event.js'
import { checkJoin } from '../../../plugin/testing/contract/check-join.js'
import { createResults } from '../../../plugin/testing/contract/contract-results.js'
import { type CallEvent, createCaller } from '../../../plugin/testing/contract/event-caller.js'

const sample = await loadSampler()
const Text = { jsonSchema: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } }
const Number_ = { jsonSchema: { type: 'integer' } }

/** The problems by claim, of an event that a server answers by `call`. */
async function problemsOf(description: Partial<EventDescription>, call: CallEvent) {
  const { results, claim } = createResults()
  const event: EventDescription = { errors: {}, handlerTimeoutMs: 0, hooks: {}, ...description }
  const rest = { schemas: {}, sample, call, claim, isSkipped: false, isOwn: true }
  await checkEvent({ name: 'e', event: 'e', description: event, ...rest })
  return Object.fromEntries(results.filter(({ ok }) => !ok).map(({ name, problem }) => [name, problem]))
}

t.test('an answer of a server that does not check is a problem', async (t) => {
  const answer = { items: [] as unknown[], data: undefined as unknown }
  t.strictSame(await problemsOf({ reply: Number_ }, async () => answer), {
    'e accepts no payload': 'the reply does not fit: / must be integer',
  })
  const streamed = { stream: { item: Number_, credits: 1, isResumable: false, readTimeoutMs: 0 }, reply: Number_ }
  t.strictSame(await problemsOf(streamed, async () => ({ items: [1, 'two'] })), {
    'e accepts no payload': 'an item does not fit: / must be integer',
  })
  t.strictSame(await problemsOf(streamed, async () => ({ items: [1] })), {}, 'what was cancelled has no reply')
  const failing = async () => ({ items: [], error: { code: 'FULL', message: 'Full', details: 'no number' } })
  t.strictSame(await problemsOf({ errors: { FULL: Number_ } }, failing), {
    'e accepts no payload': 'the details of FULL do not fit: / must be integer',
  })
  t.strictSame(await problemsOf({}, async () => ({ items: [], error: { code: 'X', message: 'Y' } })), {
    'e accepts no payload': 'it is answered with X: Y',
  })
})

t.test('a wrong payload that is accepted, or whose error names another place, is a problem', async (t) => {
  t.match(await problemsOf({ payload: Text }, async () => ({ items: [] })), {
    'e refuses / without "text"': 'it is accepted',
    'e refuses /text against type "string"': 'it is accepted',
  })
  const refusing = (details: unknown) => async () => ({
    items: [],
    error: { code: 'FST_NSP_EVENT_INVALID', message: 'Invalid', details },
  })
  const [elsewhere, nowhere, missing] = await Promise.all([
    problemsOf({ payload: Text }, refusing([{ path: '/other/text', message: '' }])),
    problemsOf({ payload: Text }, refusing([])),
    problemsOf({ payload: Text }, refusing([{ path: '/text', message: 'Required' }])),
  ])
  t.equal(elsewhere['e refuses / without "text"'], 'the error names /other/text, not the payload itself')
  t.equal(nowhere['e refuses /text against type "string"'], 'the error names no place, not /text')
  t.equal(missing['e refuses / without "text"'], undefined, 'a missing property may be named itself')
  const union = { jsonSchema: { anyOf: [{ type: 'integer' }, { type: 'string' }] } }
  const inUnion = await problemsOf({ payload: union }, refusing([{ path: '/anywhere', message: '' }]))
  t.strictSame(Object.keys(inUnion), [
    'e accepts sample 1',
    'e accepts / with anyOf [{"type":"integer"},{"type":"string"}]',
    'e accepts / with anyOf [{"type":"integer"},{"type":"string"}] (2)',
  ])
})

t.test('a join that the schema refuses and the server does not is a problem', async (t) => {
  const { results, claim } = createResults()
  const params = { jsonSchema: { type: 'object', properties: { id: { type: 'string', maxLength: 2 } } } }
  const namespace = { name: '/x', schemas: {}, auth: Text, params } as unknown as NamespaceDescription
  const values = { params: { id: 'ab' }, auth: { text: 'a' } }
  t.equal(await checkJoin({ namespace, values, tryJoin: async () => {}, claim, isOwn: true }), true)
  const problems = results.filter(({ ok }) => !ok)
  t.match(problems, [
    { name: '/x refuses auth / without "text"', problem: 'it is joined' },
    { name: '/x refuses auth /text against type "string"', problem: 'it is joined' },
    { name: '/x refuses params /id against maxLength 2', problem: 'it is joined' },
  ])
  const refused = createResults()
  const tryJoin = async () => Promise.reject(new Error('Not today'))
  t.equal(await checkJoin({ namespace, values, tryJoin, claim: refused.claim, isOwn: true }), false)
  t.match(refused.results, [{ ok: true }, { name: '/x is joined', problem: 'Not today' }])
})

t.test('items of another stream are left alone', async (t) => {
  const socket = new EventEmitter()
  const emitWithAck = async (_event: string, _payload: unknown, { id }: { id: string }) => {
    socket.emit('namespace:item', 'another', 1)
    socket.emit('namespace:item', id, 2)
    return { ok: true }
  }
  Object.assign(socket, { timeout: () => ({ emitWithAck }) })
  const call = createCaller({ join: async () => socket as never, timeoutMs: 1000 })
  t.match(await call('e', undefined, true), { items: [2] })
})
