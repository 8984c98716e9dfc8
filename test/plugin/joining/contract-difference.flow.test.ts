import t from 'tap'
import { build, refusal } from '../harness.js'

/*
 * A client sends the hash of the contract that it was built with, as `$contract` in its `auth`.
 */

const auth = { type: 'object', additionalProperties: false, properties: { token: { type: 'string' } } }

function definitions() {
  const seen: unknown[] = []
  const definition = (contractMismatch?: 'off' | 'warn' | 'refuse') => ({
    schema: { auth },
    ...(contractMismatch && { contractMismatch }),
    onConnect: ({ request }: { request: { body: unknown } }) => void seen.push(request.body),
  })
  const namespaces = { '/off': definition('off'), '/warn': definition(), '/refuse': definition('refuse') }
  return { seen, namespaces }
}

t.test('a client whose contract is another one joins, and is told', async (t) => {
  const { seen, namespaces } = definitions()
  const app = await build(t, { namespaces })
  const joined = await app.injectSocket('/warn', { auth: { token: 'x', $contract: 'old' } })
  const server = app.describeNamespaces().namespaces.find(({ name }) => name === '/warn')?.hash
  t.strictSame(await joined.nextEvent('namespace:contract' as never), { server, client: 'old' })
  t.strictSame(seen, [{ token: 'x' }], 'the schema and the hooks see no reserved key')
})

t.test('a client whose contract is another one is refused, before any hook', async (t) => {
  const { seen, namespaces } = definitions()
  const app = await build(t, {
    namespaces: { ...namespaces, '/refuse': { ...namespaces['/refuse'], onRequest: () => t.fail() } },
  })
  const { message, data } = await refusal(app.injectSocket('/refuse', { auth: { $contract: 'x'.repeat(1_000) } }))
  const server = app.describeNamespaces().namespaces.find(({ name }) => name === '/refuse')?.hash
  t.match(message, 'The client was built with another contract')
  const details = { server, client: 'x'.repeat(16) }
  t.strictSame(data, { code: 'FST_NSP_CONTRACT_MISMATCH', statusCode: 409, details })
  t.strictSame(seen, [])
})

t.test('a client is told nothing if its contract is the same, if it sends none, or if nobody compares', async (t) => {
  const { namespaces } = definitions()
  const app = await build(t, { namespaces })
  await app.ready()
  for (const { name, hash, contractMismatch } of app.describeNamespaces().namespaces) {
    const others = contractMismatch === 'off' ? ['old'] : []
    for (const $contract of [hash, undefined, 7, { hash }, null, ...others]) {
      const joined = await app.injectSocket(name, { auth: { $contract } })
      joined.onAny((event) => t.fail(`${name} heard ${event}`))
      // The answer of the server comes after everything that it has sent before.
      t.match(await joined.emitWithAck('unknown' as never), { error: { code: 'FST_NSP_EVENT_UNKNOWN' } }, name)
    }
  }
})

t.test('a schema that JSON can not carry has no JSON Schema, and a client that sends a hash is told', async (t) => {
  const events = { add: { payload: { default: 1n }, handler: () => 'added' } }
  const app = await build(t, { namespaces: { '/warn': { events } } })
  const joined = await app.injectSocket('/warn', { auth: { $contract: 'old' } })
  const [described] = app.describeNamespaces().namespaces
  t.strictSame(described?.events.add?.payload, {})
  t.strictSame(await joined.nextEvent('namespace:contract' as never), { server: described?.hash, client: 'old' })
  t.match(await joined.emitWithAck('add' as never, {} as never), { ok: true, data: 'added' })
})
