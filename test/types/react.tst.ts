import { expect, test } from 'tstyche'
import { Type } from 'typebox'
import { type AnyJoined, type CallError, type CallErrorOf, createClient, type Joined } from '../../plugin/client.js'
import { defineNamespaces } from '../../plugin/index.js'
import { useCall, useEvent, useJoinState, useNamespace, useStream } from '../../plugin/react.js'

const definitions = defineNamespaces({
  '/chat': {
    emits: { 'message:new': { payload: Type.Object({ text: Type.String() }) }, bye: {} },
    events: {
      'message:send': {
        payload: Type.Object({ text: Type.String() }),
        reply: Type.Object({ id: Type.String() }),
        errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }) },
        handler: () => ({ id: '1' }),
      },
      whoami: { reply: Type.String(), handler: () => 'Ann' },
      'log:tail': {
        payload: Type.Object({ file: Type.String() }),
        stream: Type.Object({ line: Type.String() }),
        reply: Type.Integer(),
        handler: async function* () {
          yield { line: 'one' }
          return 1
        },
      },
    },
  },
  '/orgs/:orgId': {
    schema: { params: Type.Object({ orgId: Type.Integer() }) },
    events: { say: { handler: () => {} } },
  },
})
type Chat = (typeof definitions)['/chat']

const client = createClient<typeof definitions>('https://api.example')
const chat = useNamespace(client, '/chat')

test('useNamespace() takes the names of the client, and params where a name has them', () => {
  expect(chat).type.toBe<Joined<Chat>>()
  expect(useNamespace(client, '/orgs/:orgId', { orgId: 42 })).type.toBe<Joined<(typeof definitions)['/orgs/:orgId']>>()
  expect(useNamespace).type.not.toBeCallableWith(client, '/orgs/:orgId')
  expect(useNamespace).type.not.toBeCallableWith(client, '/orgs/:orgId', { orgId: 'x' })
  expect(useNamespace).type.not.toBeCallableWith(client, '/unknown')
  // @ts-expect-error Argument of type '"/unknown"' is not assignable to parameter of type '"/chat" | "/orgs/:orgId"'
  useNamespace(client, '/unknown', { orgId: 1 })
})

test('useEvent() types its listener by the emit', () => {
  useEvent(chat, 'message:new', (message) => expect(message).type.toBe<{ text: string }>())
  useEvent(chat, 'bye', () => {})
  expect(useEvent).type.not.toBeCallableWith(chat, 'unknown', () => {})
  expect(useEvent).type.not.toBeCallableWith(chat, 'message:new', (_text: number) => {})
})

test('useCall() types the payload, the answer and the errors of its event', () => {
  const { call, data, error, isPending } = useCall(chat, 'message:send')
  expect(call).type.toBeCallableWith({ text: 'hi' })
  expect(call).type.toBeCallableWith({ text: 'hi' }, { retry: true })
  expect(call).type.not.toBeCallableWith()
  expect(call).type.not.toBeCallableWith({ text: 1 })
  expect(call({ text: 'hi' })).type.toBe<Promise<{ id: string }>>()
  expect(data).type.toBe<{ id: string } | undefined>()
  expect(error).type.toBe<CallErrorOf<Chat, 'message:send'> | undefined>()
  expect(isPending).type.toBe<boolean>()
  if (error?.code === 'ROOM_FULL') expect(error.details).type.toBe<{ max: number }>()
  expect(useCall(chat, 'whoami').call()).type.toBe<Promise<string>>()
  expect(useCall).type.not.toBeCallableWith(chat, 'log:tail')
  expect(useCall).type.not.toBeCallableWith(chat, 'unknown')
})

test('useStream() types the payload, the items and the return value of its event', () => {
  const { items, result, error, isDone } = useStream(chat, 'log:tail', { file: 'app.log' }, { limit: 200, credits: 4 })
  expect(items).type.toBe<readonly { line: string }[]>()
  expect(result).type.toBe<number | undefined>()
  expect(error).type.toBe<CallErrorOf<Chat, 'log:tail'> | undefined>()
  expect(isDone).type.toBe<boolean>()
  expect(useStream).type.not.toBeCallableWith(chat, 'log:tail')
  expect(useStream).type.not.toBeCallableWith(chat, 'log:tail', { file: 1 })
  expect(useStream).type.not.toBeCallableWith(chat, 'message:send', { text: 'hi' })
})

test('useJoinState() tells the states apart', () => {
  const state = useJoinState(chat)
  if (state.status === 'joined') expect(state.recovered).type.toBe<boolean>()
  if (state.status === 'refused') expect(state.error).type.toBe<CallError>()
})

test('without definitions any name goes, and everything received is unknown', () => {
  const any = createClient('https://api.example')
  const joined = useNamespace(any, '/any/:id', { id: 1 })
  expect(joined).type.toBe<AnyJoined>()
  useEvent(joined, 'anything', (text: string) => text)
  const { call, data, error } = useCall(joined, 'anything')
  expect(call('any', { timeoutMs: 1 })).type.toBe<Promise<unknown>>()
  expect(data).type.toBe<unknown>()
  expect(error).type.toBe<CallError | undefined>()
  expect(useStream(joined, 'anything').items).type.toBe<readonly unknown[]>()
})
