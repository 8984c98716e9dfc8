import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import namespaces from 'fastify-namespaces'
import { chat } from './chat.js'

test('a message reaches the members of its room', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(namespaces, { namespaces: { '/chat': chat } })

  const ada = await app.injectSocket<typeof chat>('/chat')
  const ben = await app.injectSocket<typeof chat>('/chat', { transport: 'polling' })
  await ada.emitWithAck('room:join', { room: 'tea', name: 'Ada' })
  await ben.emitWithAck('room:join', { room: 'tea', name: 'Ben' })

  const ack = await ada.emitWithAck('message:send', { text: 'Milk first?' })
  assert.equal(ack.ok, true)
  const { from, text } = await ben.nextEvent('message:new')
  assert.deepEqual({ from, text }, { from: 'Ada', text: 'Milk first?' })
})

test('a message from outside every room is refused', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(namespaces, { namespaces: { '/chat': chat } })

  const client = await app.injectSocket<typeof chat>('/chat')
  const ack = await client.emitWithAck('message:send', { text: 'Hello?' })
  assert.equal(!ack.ok && ack.error.code, 'NOT_IN_ROOM')
})
