import t from 'tap'
import { Type } from 'typebox'

import type { AnyNamespaceDefinition } from '../../../plugin/index.js'
import { checkContract } from '../../../plugin/testing.js'
import { build } from '../harness.js'

const failed = (results: Awaited<ReturnType<typeof checkContract>>) => results.filter(({ ok }) => !ok)

const Message = Type.Object({
  text: Type.String({ minLength: 1, maxLength: 20 }),
  tags: Type.Optional(Type.Array(Type.String())),
})

const EXAMPLES: object = { examples: [{ text: 'hi' }] }

const CHAT: AnyNamespaceDefinition = {
  schema: { auth: Type.Object({ name: Type.String({ minLength: 1 }) }) },
  emits: { 'message:new': { payload: Message, ...EXAMPLES }, bare: {} },
  events: {
    'message:send': {
      payload: Message,
      ...EXAMPLES,
      reply: Type.Object({ id: Type.Integer() }),
      errors: { TOO_SHORT: Type.Object({ least: Type.Integer() }) },
      handler: ({ text }: { text: string }, { error }) => {
        if (text.length < 2) throw error('TOO_SHORT', { least: 2 })
        return { id: text.length }
      },
    },
    ping: { handler: () => 'pong' },
    signout: {
      handler: (_payload, { socket }) => {
        setImmediate(() => socket.disconnect())
      },
    },
  },
}

t.test('an app that does what it says passes, and each claim has a name', async (t) => {
  const app = await build(t, { namespaces: { '/chat': CHAT } })
  const results = await checkContract(app, { join: { '/chat': { auth: { name: 'Ada' } } } })
  t.strictSame(failed(results), [])
  const names = results.map(({ name }) => name)
  for (const name of [
    '/chat is declared',
    '/chat auth fits',
    '/chat is joined',
    '/chat refuses auth / without "name"',
    '/chat refuses auth /name against minLength 1',
    '/chat message:new example 1 fits',
    '/chat message:send accepts example 1',
    '/chat message:send accepts /text with maxLength 20',
    '/chat message:send refuses / without "text"',
    '/chat message:send refuses /text against minLength 1',
    '/chat message:send refuses /text against maxLength 20',
    '/chat ping accepts no payload',
  ]) {
    t.ok(names.includes(name), name)
  }
})
