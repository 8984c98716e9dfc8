import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { z } from 'zod'
import { createClient } from '../../../../plugin/client.js'
import { contractHash, dataType, defineContract } from '../../../../plugin/contract.js'
import { defineNamespace } from '../../../../plugin/index.js'
import { build } from '../../harness.js'

/*
 * Contract first: `defineContract()`, `defineNamespace(contract, implementation)` and `contractHash()`.
 */

const Text = { $id: 'text', type: 'string', maxLength: 20 } as const

const contract = defineContract({
  summary: 'Chat',
  schema: { auth: Type.Object({ token: Type.String() }) },
  data: dataType<{ name: string }>(),
  emits: { said: { payload: Type.String(), reply: Type.Boolean() } },
  events: {
    say: {
      summary: 'Says something',
      payload: Type.String(),
      reply: Type.Object({ length: Type.Integer() }),
      errors: { SILENT: Type.Object({ why: Type.String() }) },
    },
    count: { payload: z.string().transform(Number), stream: Type.Integer(), itemId: (item) => item, credits: 2 },
  },
})

const chat = defineNamespace(contract, {
  onRequest: async (request, reply) => {
    if (request.headers.authorization === undefined) return reply.code(401).send()
  },
  handlers: {
    say: (text, { error }) => {
      if (text === '') throw error('SILENT', { why: 'nothing to say' })
      return { length: text.length }
    },
    count: {
      preHandler: ({ log }) => log.debug('counts'),
      handler: async function* (to, { lastId }) {
        for (let item = Number(lastId ?? 0) + 1; item <= to; item++) yield item
      },
    },
  },
})

async function serve(t: Test) {
  const app = await build(t, { namespaces: { '/chat': chat } })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const client = createClient<{ '/chat': typeof contract }>(url, { auth: { token: 'x' } })
  t.teardown(() => client.close())
  return { app, joined: client.join('/chat') }
}

t.test('an implemented contract is a namespace like any other', async (t) => {
  const { app, joined } = await serve(t)
  t.strictSame(await joined.call('say', 'hello'), { length: 5 })
  const error = await joined.call('say', '').catch((error: unknown) => error)
  const isSilent = joined.isErrorOf('say', error) && error.code === 'SILENT'
  t.equal(isSilent && error.details.why, 'nothing to say')
  t.notOk(joined.isErrorOf('count', error), 'it is an error of its own event')
  t.notOk(joined.isErrorOf('say', new Error('SILENT')))
  const items: number[] = []
  for await (const item of joined.stream('count', '3')) items.push(item)
  t.strictSame(items, [1, 2, 3])
  const [description] = app.describeNamespaces().namespaces
  t.match(description, { summary: 'Chat', events: { say: { summary: 'Says something' } } })
  t.equal(description?.hash, contractHash(contract), 'its hash is that of its contract')
})

t.test('the hash of a contract counts its schemas, and those of addSchema() that it refers to', async (t) => {
  const shared = defineContract({ events: { say: { payload: { $ref: 'text#' } } } })
  const implemented = defineNamespace(shared, { handlers: { say: () => {} } })
  const app = await build(t, {}, (app) => app.addSchema(Text))
  app.namespace('/shared', implemented)
  await app.ready()
  const [description] = app.describeNamespaces().namespaces
  t.equal(contractHash(shared, { schemas: [Text] }), description?.hash)
  t.not(contractHash(shared, { schemas: [{ ...Text, maxLength: 21 }] } as never), description?.hash)
  t.not(contractHash(shared), description?.hash)
  t.equal(contractHash({}), contractHash({ schema: { params: undefined }, events: {}, emits: {} }))
})

t.test('what an implementation lacks, or has too much, is refused at boot with its path', async (t) => {
  const handlers = { say: () => ({ length: 1 }), count: () => [1] }
  const cases = {
    'namespaces["/chat"].events["say"].handler is missing': { handlers: { count: () => [1] } },
    'namespaces["/chat"].events["count"].handler must be a function': {
      handlers: { ...handlers, count: { handler: 1 } },
    },
    'namespaces["/chat"].handlers["cuont"] is not an event of the contract, which has say, count': {
      handlers: { ...handlers, cuont: () => {} },
    },
    'namespaces["/chat"].handlers["say"].payload is part of the contract': {
      handlers: { ...handlers, say: { handler: handlers.say, payload: Type.Integer() } },
    },
    'namespaces["/chat"].emits is part of the contract': { handlers, emits: {} },
    'namespaces["/chat"].onConect is unknown': { handlers, onConect: () => {} },
  }
  for (const [message, implementation] of Object.entries(cases)) {
    const definition = defineNamespace(contract, implementation as never)
    // Also as the base of another definition.
    await t.rejects(build(t, { namespaces: { '/chat': { ...definition } } }), {
      code: 'FST_NSP_DEFINITION_INVALID',
      message: new RegExp(message.replace(/[[\]().]/g, '\\$&')),
    })
  }
  const empty = defineNamespace(defineContract({}), { handlers: { say: () => {} } as never })
  await t.rejects(build(t, { namespaces: { '/chat': empty } }), { message: /which has none/ })
  await build(t, { namespaces: { '/chat': defineNamespace(defineContract({}), { handlers: {} }) } })
})

t.test(
  'a contract says nothing about relays: the same clients fit, whether an event is handled or passed on',
  async (t) => {
    const drawing = defineContract({
      emits: { draw: { payload: Type.Integer() } },
      events: { draw: { payload: Type.Integer() }, save: {} },
    })
    const relayed = defineNamespace(drawing, {
      handlers: { draw: { relay: {}, preHandler: () => {} }, save: () => {} },
    })
    const handled = defineNamespace(drawing, { handlers: { draw: () => {}, save: () => {} } })
    const app = await build(t, { namespaces: { '/relayed': relayed, '/handled': handled } })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const hashes = app.describeNamespaces().namespaces.map(({ hash }) => hash)
    t.strictSame(hashes, [contractHash(drawing), contractHash(drawing)])
    const [ada, bob] = ['ada', 'bob'].map(() => {
      const client = createClient<{ '/relayed': typeof drawing }>(url)
      t.teardown(() => client.close())
      return client.join('/relayed')
    })
    const drawn = new Promise((resolve) => bob?.on('draw', resolve))
    await Promise.all([ada?.call('save'), bob?.call('save')])
    t.equal(await ada?.call('draw', 7), undefined)
    t.equal(await drawn, 7)
    const both = { handlers: { draw: { relay: {}, handler: () => {} }, save: () => {} } }
    await t.rejects(build(t, { namespaces: { '/chat': defineNamespace(drawing, both as never) } }), {
      message: /^Definition namespaces\["\/chat"\]\.events\["draw"\]\.relay can not be combined with `handler`/,
    })
  },
)
