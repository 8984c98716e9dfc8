import type { Socket } from 'socket.io'
import t from 'tap'
import { CallError } from '../../../plugin/client.js'
import { defineNamespace } from '../../../plugin/index.js'
import { until } from '../../plugin/harness.js'
import { openSession, untilLane } from './session-harness.js'

t.setTimeout(120_000)

const chat = defineNamespace({
  emits: { question: { payload: { type: 'integer' }, reply: {} } },
  events: {
    'message:send': {
      payload: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
      reply: {},
      handler: ({ text }: { text: string }) => ({ text }),
    },
    wait: { handler: () => new Promise(() => {}) },
    count: {
      stream: { type: 'integer' },
      reply: { type: 'string' },
      credits: 4,
      async *handler() {
        for (let item = 1; item <= 10; item++) yield item
        return 'done'
      },
    },
    ask: {
      // The definition that types the socket is this one.
      handler: (_payload, { socket }) => (socket as Socket).timeout(10_000).emitWithAck('question', 1),
    },
  },
})

t.test('a call resolves with its ack, and the log has both with the time', async (t) => {
  const { session, entries, actions, lane } = await openSession(t, { namespaces: { '/chat': chat } })
  await session.join('/chat')
  const payload = { text: 'hi' }
  const { acks, ms, error } = await session.call('/chat', 'message:send', [payload], { source: '{"text":"{{x}}"}' })
  t.strictSame(acks, [{ ok: true, data: { text: 'hi' } }])
  t.ok(ms > 0)
  t.equal(error, undefined)
  t.match(entries('out'), [{ address: '/chat', event: 'message:send', args: [{ text: 'hi' }] }])
  t.match(entries('ack-in'), [{ address: '/chat', event: 'message:send', args: acks, ms: Number, isError: false }])
  t.match(actions, [
    { kind: 'join', name: '/chat', address: '/chat', auth: '{}' },
    { kind: 'call', event: 'message:send', args: [payload], source: '{"text":"{{x}}"}', result: { acks } },
  ])
  await until(() => lane('/chat')?.up === 1)
  t.equal(lane('/chat')?.down, 0)
  const kinds = () => session.roundTrips.getSnapshot().map(({ kind }) => kind)
  await until(() => kinds().length === 2)
  t.strictSame(kinds(), ['join', 'ack'])
})

t.test('an ack that is not ok is the error of its call', async (t) => {
  const { session, entries } = await openSession(t, { namespaces: { '/chat': chat } })
  await session.join('/chat')
  const { error, acks } = await session.call('/chat', 'message:send', [{}])
  t.match(error, { code: 'FST_NSP_EVENT_INVALID', details: Array })
  t.equal(acks?.length, 1)
  t.match(entries('ack-in'), [{ isError: true }])
})

t.test('a call ends with the client’s own errors, and never rejects', async (t) => {
  const { session, entries } = await openSession(t, { namespaces: { '/chat': chat } })
  t.match((await session.call('/chat', 'wait', [])).error, { code: 'NSP_CLIENT_LEFT' })
  await session.join('/chat')
  t.match((await session.call('/chat', 'wait', [], { timeoutMs: 5 })).error, { code: 'NSP_CLIENT_TIMEOUT' })
  t.match((await session.call('/chat', 'wait', [], { signal: AbortSignal.abort('enough') })).error, {
    code: 'NSP_CLIENT_ABORTED',
    cause: 'enough',
  })
  const lost = session.call('/chat', 'wait', [])
  session.drop()
  t.match((await lost).error, { code: 'NSP_CLIENT_OFFLINE', details: { isSent: true } })
  const circle: unknown[] = []
  circle.push(circle)
  await untilLane(session, '/chat', 'joined')
  t.match((await session.call('/chat', 'wait', [circle])).error, { code: 'NSP_CONSOLE_UNSENT' })
  t.match((await session.call('/chat', 'connect', [])).error, { code: 'NSP_CONSOLE_UNSENT' })
  const left = session.call('/chat', 'wait', [])
  session.leave('/chat')
  t.match((await left).error, { code: 'NSP_CLIENT_LEFT' })
  t.ok(entries('note').some(({ event, isError }) => event === 'No ack' && isError))
})

t.test('plain events have several arguments and binary data, in both directions', async (t) => {
  const { session, entries, app, lane } = await openSession(t, { namespaces: { '/chat': chat } })
  const heard: unknown[] = []
  app.io.of('/plain').on('connection', (socket) => {
    socket.on('mix', (...args: unknown[]) => {
      const ack = args.pop() as (...args: unknown[]) => void
      socket.emit('mixed', ...args)
      ack(...args)
    })
    socket.on('quiet', (...args: unknown[]) => heard.push(args))
  })
  await session.join('/plain')
  const args = [1, 'two', new Uint8Array([3]), null]
  const { acks, error } = await session.call('/plain', 'mix', args)
  t.equal(error, undefined)
  t.strictSame(acks, [1, 'two', Buffer.from([3]), null])
  t.match(entries('in'), [{ event: 'mixed', args: [1, 'two', Buffer.from([3]), null] }])
  session.send('/plain', 'quiet', args)
  await until(() => heard.length > 0)
  t.strictSame(heard, [[1, 'two', Buffer.from([3]), null]])
  await until(() => lane('/plain')?.up === 2 && lane('/plain')?.down === 1)
  session.send('/plain', 'disconnect', [])
  await until(() => entries('note').some(({ event, args }) => event === 'not sent' && args[0] === 'disconnect'))
})

t.test('an emit that asks is answered with the given value, or not at all', async (t) => {
  const { session, entries } = await openSession(t, { namespaces: { '/chat': chat } })
  await session.join('/chat')
  session.answerWith('/chat', 'question', 42)
  t.match((await session.call('/chat', 'ask', [])).acks, [{ ok: true }])
  t.match(entries('in'), [{ event: 'question', args: [1] }])
  t.match(entries('ack-out'), [{ event: 'question', args: [42] }])
  session.answerWith('/chat', 'question', undefined)
  const silent = session.call('/chat', 'ask', [], { timeoutMs: 50 })
  t.match((await silent).error, { code: 'NSP_CLIENT_TIMEOUT' })
  t.equal(entries('ack-out').length, 1)
})

t.test('an answer stays when its namespace is joined anew, and ends when it is left', async (t) => {
  const { session, entries } = await openSession(t, { namespaces: { '/chat': chat } })
  await session.join('/chat')
  session.answerWith('/chat', 'question', 42)
  session.rejoin('/chat')
  await until(() => entries('note').filter(({ event }) => event === 'joined').length === 2)
  t.match((await session.call('/chat', 'ask', [])).acks, [{ ok: true }])
  t.match(entries('ack-out'), [{ event: 'question', args: [42] }])
  session.leave('/chat')
  await session.join('/chat')
  t.match((await session.call('/chat', 'ask', [], { timeoutMs: 50 })).error, { code: 'NSP_CLIENT_TIMEOUT' })
})

t.test('items that come after the end of their stream have its event in the log', async (t) => {
  const { app, session, entries } = await openSession(t, { namespaces: { '/chat': chat } })
  app.io.of('/plain')
  await session.join('/plain')
  const { result } = session.stream('/plain', 'count', undefined, { onItem: () => {} })
  await until(() => entries('out').length === 1)
  const [call] = entries('out')
  app.io.of('/plain').emit('namespace:item', Object(call?.args[1]).id, 1)
  await until(() => entries('item').length === 1)
  session.drop()
  await result
  await until(() => entries('note').filter(({ event }) => event === 'joined').length === 2)
  app.io.of('/plain').emit('namespace:item', Object(call?.args[1]).id, 'late')
  await until(() => entries('item').length === 2)
  t.match(entries('item'), [{ event: 'count' }, { event: 'count', args: ['late'] }])
})

t.test('a stream shows its items, and ends with its value', async (t) => {
  const { session, entries, actions } = await openSession(t, { namespaces: { '/chat': chat } })
  await session.join('/chat')
  const items: unknown[] = []
  const stream = session.stream('/chat', 'count', undefined, { onItem: (item) => items.push(item) })
  t.match(await stream.result, { value: 'done', ms: Number })
  t.strictSame(items, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  t.strictSame(
    entries('item').map(({ event, args }) => [event, args]),
    items.map((item) => ['count', [item]]),
  )
  t.match(entries('ack-in'), [{ event: 'count', args: [{ ok: true, data: 'done' }], ms: Number }])
  t.match(actions.at(-1), { kind: 'stream', event: 'count', items, isCancelled: false })
})

t.test('a stream with manual credits has as many items as were asked for', async (t) => {
  const { session } = await openSession(t, { namespaces: { '/chat': chat } })
  await session.join('/chat')
  const items: unknown[] = []
  const onItem = (item: unknown) => items.push(item)
  const { more, cancel, result } = session.stream('/chat', 'count', undefined, { onItem, credits: 2, isManual: true })
  await until(() => items.length === 2)
  await session.call('/chat', 'message:send', [{ text: 'a round trip' }])
  t.strictSame(items, [1, 2])
  more(3)
  await until(() => items.length === 5)
  await session.call('/chat', 'message:send', [{ text: 'a round trip' }])
  t.strictSame(items, [1, 2, 3, 4, 5])
  cancel()
  t.match(await result, { error: { code: 'NSP_CLIENT_ABORTED' } })
})

t.test('a refused join rejects with why, and joins again after a correction', async (t) => {
  const guarded = defineNamespace({
    schema: { auth: { type: 'object', required: ['token'], properties: { token: { const: 'right' } } } },
  })
  const tokens = { token: 'wrong' }
  const { session, entries, lane } = await openSession(
    t,
    { namespaces: { '/guarded': guarded } },
    { auth: { '/guarded': '{"token":"{{token}}"}' } },
    (text) => text.replace('{{token}}', tokens.token),
  )
  await t.rejects(session.join('/guarded'), { name: 'CallError', details: Array })
  t.match(lane('/guarded'), { state: { status: 'refused', error: { details: Array } }, joins: 0 })
  t.match(entries('note').at(-1), { event: 'refused', isError: true, args: [{ code: String, details: Array }] })
  tokens.token = 'right'
  session.rejoin('/guarded')
  await untilLane(session, '/guarded', 'joined')
  session.become({ ...session.identity.getSnapshot(), auth: { '': '{"token": "secret" x}' } })
  session.rejoin('/guarded')
  await untilLane(session, '/guarded', 'refused')
  const { state } = lane('/guarded') ?? {}
  t.match(state, { error: { code: 'NSP_CLIENT_AUTH', message: 'The auth is not JSON, at position 19' } })
  t.notMatch(JSON.stringify(entries('note')), 'secret')
  session.become({ ...session.identity.getSnapshot(), auth: { '': '[]' } })
  await t.rejects(session.join('/guarded'), {
    code: 'NSP_CLIENT_AUTH',
    message: 'The auth is not an object',
  })
})

t.test('a variable without a value is told, and nothing is sent', async (t) => {
  const seen: unknown[] = []
  const expand = (text: string) => {
    if (text.includes('{{token}}')) throw new TypeError('No value for {{token}} in this environment')
    return text
  }
  const onConnect = () => void seen.push('joined')
  const { session, lane } = await openSession(t, { namespaces: { '/chat': { onConnect } } }, {}, expand)
  session.become({ ...session.identity.getSnapshot(), auth: { '': '{"token":"{{token}}"}' } })
  const told = { message: 'No value for {{token}} in this environment' }
  await t.rejects(session.join('/chat'), told)
  t.match(lane('/chat'), { state: { status: 'refused', error: told } })
  session.become({ ...session.identity.getSnapshot(), auth: {}, query: { token: '{{token}}' } })
  await t.rejects(session.join('/chat'), told)
  t.strictSame(seen, [])
})

t.test('a join without a parameter of its name rejects', async (t) => {
  const { session, actions } = await openSession(t, { namespaces: { '/orgs/:orgId': {} } })
  const error = await session.join('/orgs/:orgId').catch((error) => error)
  t.ok(error instanceof CallError)
  t.match(error, { code: 'NSP_CONSOLE_PARAMS', message: /orgId/ })
  t.match(actions, [{ kind: 'join', error: { code: 'NSP_CONSOLE_PARAMS' } }])
  await session.join('/orgs/:orgId', { orgId: 7 })
  t.match(session.lanes.getSnapshot(), [{ name: '/orgs/:orgId', address: '/orgs/7', params: { orgId: 7 }, joins: 1 }])
})
