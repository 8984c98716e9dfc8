import Fastify from 'fastify'
import { describe, expect, test } from 'tstyche'
import { Type } from 'typebox'
import { defineNamespace } from '../../plugin/index.js'

const app = Fastify()
const chat = defineNamespace({
  schema: { params: Type.Object({ orgId: Type.Integer() }) },
  emits: {
    'message:new': { payload: Type.Object({ text: Type.String() }) },
    'vote:ask': { payload: Type.String(), reply: Type.Boolean() },
  },
})

describe('app.namespaceOf', () => {
  test('takes the params of the definition', () => {
    app.namespaceOf(chat, { orgId: 42 })
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    app.namespaceOf(chat, { orgId: 'x' })
  })

  test('knows the emits of the definition', () => {
    const reach = app.namespaceOf(chat, { orgId: 42 })
    reach.emit('message:new', { text: 'hi' })
    reach.to('members').except('x').emit('message:new', { text: 'hi' })
    // @ts-expect-error Type 'number' is not assignable to type 'string'
    reach.emit('message:new', { text: 1 })
    // @ts-expect-error not assignable to parameter of type
    reach.emit('message:old', { text: 'hi' })
    expect(reach.ask('vote:ask', 'now?')).type.toBe<Promise<{ answers: Map<string, boolean>; missing: string[] }>>()
    expect(reach.address).type.toBe<string>()
  })

  test('knows nothing of a namespace that is named by a string', () => {
    app.namespaceOf('/orgs/:orgId', { orgId: 42 }).emit('anything', 1)
  })
})
