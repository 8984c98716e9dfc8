import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import * as v from 'valibot'
import { z } from 'zod'
import { type CallErrorOf, createClient, type DescribedNamespace, type ItemStream } from '../../plugin/client.js'
import { Binary, defineNamespace, defineNamespaces } from '../../plugin/index.js'

const definitions = defineNamespaces({
  '/chat': {
    schema: { auth: Type.Object({ token: Type.String() }) },
    emits: {
      'message:new': { payload: Type.Object({ text: Type.String() }) },
      'clock:tick': { payload: z.string().transform((text) => new Date(text)) },
      'poll:ask': { payload: Type.String(), reply: Type.Integer() },
      'who:are:you': { reply: z.string().transform(Number) },
      bye: {},
    },
    events: {
      'message:send': {
        payload: Type.Object({ text: Type.String(), at: Type.Optional(Type.Integer()) }),
        reply: Type.Object({ id: Type.String() }),
        errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }), BANNED: z.object({ until: z.string() }) },
        handler: () => ({ id: '1' }),
      },
      when: {
        payload: z.object({ at: z.string().transform((text) => new Date(text)) }),
        reply: z.string().transform(Number),
        handler: () => '1',
      },
      whoami: { reply: Type.String(), handler: () => 'Ann' },
      maybe: { payload: v.optional(v.string()), handler: () => {} },
      bare: { handler: () => {} },
      file: { payload: Type.Object({ bytes: Binary({ maxBytes: 10 }) }), handler: () => {} },
      'log:tail': {
        payload: Type.Object({ file: Type.String() }),
        stream: Type.Object({ line: Type.String() }),
        reply: Type.Object({ lines: Type.Integer() }),
        errors: { NO_FILE: Type.Object({ file: Type.String() }) },
        handler: async function* () {
          yield { line: 'one' }
          return { lines: 1 }
        },
      },
      count: { stream: z.string().transform(Number), handler: () => ['1'] },
    },
  },
  '/orgs/:orgId': {
    schema: { params: Type.Object({ orgId: Type.Integer() }) },
    events: { say: { handler: () => {} } },
  },
  '/files/:from-:to(^\\d+$)': {},
  '/any/*': {},
  '/plain': {},
})

const client = createClient<typeof definitions>('https://api.example', { auth: async () => ({ token: 'x' }) })
const chat = client.join('/chat')

test('a name with parameters wants them, with the types of their schema', () => {
  client.join('/orgs/:orgId', { orgId: 42 })
  client.join('/files/:from-:to(^\\d+$)', { from: 'a', to: 1 })
  client.join('/any/*', { '*': 'a/b' })
  client.join('/plain')
  client.join('/plain', {}, { signal: AbortSignal.timeout(1) })
  client.join('/chat', undefined, { auth: { token: 'x' } })
  client.join('/chat', {}, { auth: async ({ isRenewal }) => ({ token: isRenewal ? 'new' : 'old' }) })
  expect(client.join).type.not.toBeCallableWith('/orgs/:orgId')
  expect(client.join).type.not.toBeCallableWith('/orgs/:orgId', { orgId: 'x' })
  expect(client.join).type.not.toBeCallableWith('/files/:from-:to(^\\d+$)', { from: 'a' })
  expect(client.join).type.not.toBeCallableWith('/plain', { orgId: 1 })
  expect(client.join).type.not.toBeCallableWith('/chat', {}, { auth: { token: 1 } })
  expect(client.join).type.not.toBeCallableWith('/unknown')
  // @ts-expect-error Argument of type '"/unknown"' is not assignable to parameter of type '"/chat" | "/orgs/:orgId"
  client.join('/unknown')
})

test('a call takes the input of the payload, and resolves with the output of the reply', async () => {
  expect(await chat.call('message:send', { text: 'hi' })).type.toBe<{ id: string }>()
  expect(await chat.call('message:send', { text: 'hi', at: 1 }, { timeoutMs: 1, retry: true })).type.toBe<{
    id: string
  }>()
  expect(await chat.call('when', { at: '2030-01-01' })).type.toBe<number>()
  expect(await chat.call('whoami')).type.toBe<string>()
  expect(await chat.call('whoami', undefined, { timeoutMs: 1 })).type.toBe<string>()
  expect(await chat.call('bare', { any: 'thing' })).type.toBe<unknown>()
  await chat.call('maybe')
  await chat.call('maybe', 'x')
  await chat.call('file', { bytes: new ArrayBuffer(1) })
  expect(chat.call).type.not.toBeCallableWith('message:send')
  expect(chat.call).type.not.toBeCallableWith('message:send', { text: 1 })
  expect(chat.call).type.not.toBeCallableWith('message:send', { text: 'x', more: 1 })
  expect(chat.call).type.not.toBeCallableWith('when', { at: new Date() })
  expect(chat.call).type.not.toBeCallableWith('unknown')
  expect(chat.call).type.not.toBeCallableWith('log:tail', { file: 'x' })
  chat.send('message:send', { text: 'hi' })
  chat.send('bare')
  expect(chat.send).type.not.toBeCallableWith('message:send')
  expect(chat.send).type.not.toBeCallableWith('whoami', 1, {})
})

test('the error of a call has the code of a declared error with its details, of the plugin, or of the client', async () => {
  try {
    await chat.call('message:send', { text: 'hi' })
  } catch (error) {
    if (!chat.isErrorOf('message:send', error)) return
    expect(error).type.toBe<CallErrorOf<(typeof definitions)['/chat'], 'message:send'>>()
    expect(error).type.toBeAssignableTo<Error>()
    expect(error.code).type.toBe<string>()
    expect(error.statusCode).type.toBe<number>()
    expect(error.event).type.toBe<string | undefined>()
    if (error.code === 'ROOM_FULL') expect(error.details).type.toBe<{ max: number }>()
    if (error.code === 'BANNED') expect(error.details).type.toBe<{ until: string }>()
    if (error.code === 'NSP_CLIENT_TIMEOUT') expect(error.details?.isSent).type.toBe<boolean | undefined>()
    if (error.code === 'FST_NSP_EVENT_INVALID') {
      expect(error.details).type.toBe<{ path: string; message: string }[]>()
    }
    if (error.code === 'FST_NSP_RATE_LIMITED') expect(error.details).type.toBe<{ retryAfterMs: number }>()
    if (error.code === 'OF_A_HOOK') expect(error.message).type.toBe<string>()
    switch (error.code) {
      case 'ROOM_FULL':
        return expect(error.details.max).type.toBe<number>()
      case 'BANNED':
        return expect(error.details.until).type.toBe<string>()
    }
  }
  expect(chat.isErrorOf).type.not.toBeCallableWith('unknown', new Error())
})

test('a stream has items and a return value', async () => {
  const lines = chat.stream('log:tail', { file: 'app.log' }, { credits: 4, signal: AbortSignal.timeout(1) })
  expect(lines).type.toBe<ItemStream<{ line: string }, { lines: number }>>()
  for await (const item of lines) expect(item).type.toBe<{ line: string }>()
  expect(await lines.result).type.toBe<{ lines: number }>()
  lines.cancel()
  for await (const count of chat.stream('count')) expect(count).type.toBe<number>()
  chat.stream('count', undefined, { onItem: (count) => expect(count).type.toBe<number>() })
  expect(chat.stream).type.not.toBeCallableWith('log:tail')
  expect(chat.stream).type.not.toBeCallableWith('message:send', { text: 'hi' })
})

test('a listener receives the output of an emit, and answers with the input of its reply', () => {
  expect(chat.on('message:new', (message) => expect(message).type.toBe<{ text: string }>())).type.toBe<() => void>()
  chat.once('clock:tick', (when) => expect(when).type.toBe<Date>())
  chat.on('message:new', (_message, info) => expect(info?.retained).type.toBe<true | undefined>())
  chat.on('bye', (...args) => expect(args).type.toBe<[]>())
  chat.on('poll:ask', (question, answer) => {
    expect(question).type.toBe<string>()
    answer(1)
    expect(answer).type.not.toBeCallableWith('one')
  })
  chat.on('namespace:disconnect', ({ code }) => {
    expect(code).type.toBe<'FST_NSP_IDENTITY_EXPIRED' | 'FST_NSP_USER_DISCONNECTED' | 'FST_NSP_CLOSING'>()
  })
  chat.answer('poll:ask', async (question) => question.length)
  chat.answer('who:are:you', () => 'Ann')
  expect(chat.on).type.not.toBeCallableWith('unknown', () => {})
  expect(chat.on).type.not.toBeCallableWith('message:new', (_message: string) => {})
  expect(chat.answer).type.not.toBeCallableWith('poll:ask', () => 'one')
  expect(chat.answer).type.not.toBeCallableWith('message:new', () => 1)
})

test('a client takes single definitions, and the plain types of a .d.ts', async () => {
  const one = defineNamespace({ events: { ping: { reply: Type.Integer(), handler: () => 1 } } })
  const single = createClient<{ '/one': typeof one }>('')
  expect(await single.join('/one').call('ping')).type.toBe<number>()

  interface Definitions {
    '/orgs/:orgId': DescribedNamespace<{
      params: { orgId: number }
      auth: { token: string }
      events: {
        'message:send': { payload: { text: string }; reply: { id: string }; errors: { ROOM_FULL: { max: number } } }
        'log:tail': { payload: { file: string }; stream: { line: string } }
        ping: Record<never, never>
      }
      emits: {
        'message:new': { payload: { text: string } }
        'poll:ask': { payload: string; reply: number }
        bye: object
      }
    }>
    '/plain': DescribedNamespace<Record<never, never>>
  }
  const described = createClient<Definitions>('')
  const org = described.join('/orgs/:orgId', { orgId: 42 }, { auth: { token: 'x' } })
  described.join('/plain')
  expect(described.join).type.not.toBeCallableWith('/orgs/:orgId', { orgId: 'x' })
  expect(await org.call('message:send', { text: 'hi' })).type.toBe<{ id: string }>()
  expect(await org.call('ping')).type.toBe<unknown>()
  expect(org.call).type.not.toBeCallableWith('message:send', { text: 1 })
  expect(org.call).type.not.toBeCallableWith('log:tail', { file: '' })
  expect(org.stream('log:tail', { file: '' })).type.toBe<ItemStream<{ line: string }, unknown>>()
  org.on('message:new', ({ text }) => expect(text).type.toBe<string>())
  org.on('bye', () => {})
  org.answer('poll:ask', (question) => question.length)
  const error: unknown = undefined
  if (org.isErrorOf('message:send', error) && error.code === 'ROOM_FULL') {
    expect(error.details).type.toBe<{ max: number }>()
  }
})

test('without types, a client takes anything', async () => {
  const joined = createClient('').join('/any', { id: 1 })
  expect(await joined.call('x', 1)).type.toBe<unknown>()
})
