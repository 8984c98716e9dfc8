import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join as joinPath } from 'node:path'
import { Manager } from 'socket.io-client'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import * as v from 'valibot'
import type { ServerDescription } from '../../../plugin/definition/contract/description.js'
import type { AnyNamespaceDefinition } from '../../../plugin/index.js'
import { build } from '../harness.js'
import { linesOf, run } from './live-harness.js'

const Order = Type.Object(
  { id: Type.String({ format: 'uuid' }), total: Type.Number({ minimum: 0.5 }) },
  { $id: 'order' },
)

const SHOP = {
  description: 'A shop',
  schema: { params: Type.Object({ shopId: Type.Integer() }), auth: Type.Object({ token: Type.String() }) },
  emits: {
    'order:new': { payload: Type.Ref('order#') },
    'order:paid': { payload: Type.Object({ id: Type.String() }), examples: [{ id: 'from an example' }] },
    'shop:closed': {},
    odd: { payload: Type.String({ pattern: '^\\p{Lu}(?!x)\\d$' }) },
  },
  events: {
    'order:place': {
      payload: Type.Object({ item: Type.String({ minLength: 1 }) }),
      reply: Type.Ref('order#'),
      errors: { SOLD_OUT: Type.Null() },
      handler: () => ({}),
    },
    'order:tail': {
      stream: Type.Object({ line: Type.String({ examples: ['a line'] }) }),
      itemId: () => 1,
      reply: Type.Integer(),
      handler: async function* () {},
    },
    'text:tail': { stream: Type.String(), itemId: () => 1, handler: async function* () {} },
    'odd:tail': { stream: Type.String({ pattern: '^\\p{Lu}(?!x)\\d$' }), handler: async function* () {} },
    'odd:ask': { reply: Type.String({ pattern: '^\\p{Lu}(?!x)\\d$' }), handler: () => 'A1' },
    'odd:read': { stream: v.string(), handler: async function* () {} },
    'odd:send': { errors: { ODD: v.string() }, payload: v.string(), handler: () => 'A1' },
  },
} as AnyNamespaceDefinition

/** A manifest file of two namespaces, as an app would give it. */
async function manifestOf(t: Test): Promise<string> {
  const app = await build(t, {}, (instance) => instance.addSchema(Order))
  app.namespace('/shops/:shopId', SHOP)
  app.namespace('/free', {})
  await app.ready()
  const file = joinPath(t.testdir(), 'manifest.json')
  await writeFile(file, JSON.stringify(app.describeNamespaces() satisfies ServerDescription))
  return file
}

/** A mock that listens until the test ends; resolves with its URL and what it has reported. */
async function mock(t: Test, ...args: string[]): Promise<{ url: string; err: string }> {
  const ending = new AbortController()
  return new Promise((resolve, reject) => {
    const running = run(['mock', ...args, '--port', '0'], {
      signal: ending.signal,
      onReport(err) {
        const [, url] = /listens at (\S+)/.exec(err) ?? []
        if (url !== undefined) resolve({ url, err })
      },
    })
    running.then(({ err }) => reject(new Error(err)), reject)
    t.teardown(async () => {
      ending.abort()
      assert.equal((await running).code, 0)
    })
  })
}

const AUTH = ['--auth', '{ "token": "any" }']

t.test('a mock checks params, auth and payloads by their schemas, and answers with samples', async (t) => {
  const { url, err } = await mock(t, await manifestOf(t))
  const call = (namespace: string, event: string, ...args: string[]) => run(['call', url, namespace, event, ...args])
  const placed = await call('/shops/42', 'order:place', '{ "item": "tea" }', ...AUTH)
  t.match([placed.code, linesOf(placed.out)], [0, [{ id: /^[\da-f-]{36}$/, total: 0.5 }]])
  t.equal((await call('/shops/42', 'order:place', '{ "item": "tea" }', ...AUTH)).out, placed.out)
  t.match(await call('/shops/42', 'order:place', '{ "item": "" }', ...AUTH), { code: 1, err: /FST_NSP_EVENT_INVALID/ })
  t.match(await call('/shops/42', 'order:place', '{}'), { code: 1, err: /FST_NSP_CONNECT_INVALID/ })
  t.match(await call('/shops/none', 'order:place', '{}', ...AUTH), { code: 1, err: /FST_NSP_CONNECT_INVALID/ })
  t.match(await call('/free', 'x'), { code: 1, err: /FST_NSP_EVENT_UNKNOWN/ })
  t.match(err, 'No sample fits the reply of /shops/:shopId odd:ask: add `examples` to its schema\n')
  t.match(err, 'No sample fits the items of /shops/:shopId odd:tail')
  t.match(err, 'No sample fits the payload of /shops/:shopId odd')
  t.match(await call('/shops/42', 'odd:send', '1', ...AUTH), { code: 0, out: 'null\n' })
})

t.test('a mock streams a few items, from which a client can resume', async (t) => {
  const { url } = await mock(t, await manifestOf(t))
  const { out, err } = await run(['call', url, '/shops/42', 'order:tail', '--stream', ...AUTH])
  t.strictSame(linesOf(out), Array(3).fill({ line: 'a line' }))
  t.equal(err, 'result: 0\n')
  t.equal(linesOf((await run(['call', url, '/shops/42', 'text:tail', '--stream', ...AUTH])).out).length, 3)
  t.equal((await run(['call', url, '/shops/42', 'odd:tail', '--stream', ...AUTH])).out, '')
  const manager = new Manager(url, { reconnection: false })
  const socket = manager.socket('/shops/42', { auth: { token: 'any' } })
  t.teardown(() => socket.disconnect())
  const items: unknown[] = []
  socket.on('namespace:item', (_id, item, itemId) => items.push([item, itemId]))
  await socket.emitWithAck('order:tail', undefined, { id: 'one', lastId: 1 })
  t.strictSame(items, [[{ line: 'a line' }, 2]])
})

t.test('a mock sends its emits again and again, to all who have joined', async (t) => {
  const { url } = await mock(t, await manifestOf(t), '--emit-every', '20ms', '--cors', 'https://app.example')
  const { code, out } = await run(['listen', url, '/shops/42', ...AUTH, '--count', '3', '--for', '20s'])
  t.equal(code, 0)
  const emits = Object.fromEntries(linesOf(out).map((line) => [Object(line).event, Object(line).args]))
  t.match(emits, { 'order:new': [{ total: 0.5 }], 'order:paid': [{ id: 'from an example' }], 'shop:closed': [] })
})

t.test('pages of the origins of --cors may connect', async (t) => {
  const manifest = await manifestOf(t)
  const poll = async (url: string) =>
    (await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin: 'https://app.example' } })).headers
  t.equal(
    (await poll((await mock(t, manifest, '--cors', 'https://app.example')).url)).get('access-control-allow-origin'),
    'https://app.example',
  )
  t.equal((await poll((await mock(t, manifest, '--cors', '*')).url)).get('access-control-allow-origin'), '*')
  t.equal((await poll((await mock(t, manifest)).url)).get('access-control-allow-origin'), null)
})

t.test('mock says what is wrong', async (t) => {
  const manifest = await manifestOf(t)
  t.match(await run(['mock', manifest, '--port', 'x']), { code: 2, err: /--port has to be a number/ })
  t.match(await run(['mock', manifest, '--emit-every', 'x']), { code: 2, err: /--emit-every has to be a duration/ })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = Object(server.address())
  t.match(await run(['mock', manifest, '--port', String(port)]), {
    code: 2,
    err: /can not listen on 127.0.0.1:\d+: .*EADDRINUSE/,
  })
  const ended = new AbortController()
  ended.abort()
  t.match(await run(['mock', manifest, '--port', '0'], { signal: ended.signal }), { code: 0 })
})
