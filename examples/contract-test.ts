import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import namespaces from 'fastify-namespaces'
import { checkContract } from 'fastify-namespaces/testing'
import { chat } from './chat.js'

test('the server does what its schemas say', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(namespaces, { namespaces: { '/chat': chat } })

  const results = await checkContract(app)
  for (const { name, ok, problem } of results) assert.ok(ok, `${name}: ${problem}`)
})
