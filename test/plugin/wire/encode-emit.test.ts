import type { FastifyInstance } from 'fastify'
import { Decoder, Encoder } from 'socket.io-parser'
import t, { type Test } from 'tap'
import { LogKeeper } from '../../../plugin/adapters/cluster/log-keeper.js'
import { startNode } from '../adapters/cluster.js'
import { startSessionNode } from '../adapters/sessions/session-cluster.js'
import { createCluster } from '../cluster-harness.js'
import { build, next, until } from '../harness.js'

/*
 * What can't be encoded, or would be decoded to something else, is refused at the line that emits, in every mode.
 */

const namespaces = { '/chat': {} }

const MODES: Record<string, (t: Test) => Promise<FastifyInstance>> = {
  'in memory': (t) => build(t, { namespaces }),
  'without the fast path': (t) => build(t, { namespaces, fast: false }),
  'with recovery': (t) => build(t, { namespaces, io: { connectionStateRecovery: {} } }),
  'with a broker': async (t) => (await startNode(t, new LogKeeper())).app,
  'with a broker and recovery': async (t) => (await startSessionNode(t, new LogKeeper(), { namespaces })).app,
  'with an adapter of the application': (t) => build(t, { namespaces, io: { adapter: createCluster() } }),
}

const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic
const bytes = Buffer.from('bytes')

const REFUSED: Record<string, readonly unknown[]> = {
  'a bigint': [{ list: [10n] }],
  'a cycle': [cyclic],
  'a symbol': ['first', Symbol('x')],
  'a function that is no ack': [() => {}, 'last'],
  'a toJSON that throws': [
    {
      toJSON() {
        throw new Error('no JSON')
      },
    },
  ],
  'a bigint beside binary data': [bytes, 10n],
  'a placeholder of no attachment': [{ deep: [{ _placeholder: true, num: 7 }] }, bytes],
  'a placeholder of an attachment': [bytes, { num: 0, _placeholder: true }],
}

const SENT: readonly (readonly unknown[])[] = [
  [{ _placeholder: true, num: 7 }],
  [{ _placeholder: false, text: '{"_placeholder":true}' }, bytes],
  [bytes, { list: [bytes, null], '"_placeholder': true }],
]

for (const [mode, start] of Object.entries(MODES)) {
  t.test(`an emit that can not be encoded, or not be decoded, throws FST_NSP_EMIT_INVALID: ${mode}`, async (t) => {
    const app = await start(t)
    const client = await app.injectSocket('/chat')
    const events: unknown[][] = []
    client.onAny((_event, ...args) => events.push(args))
    const namespace = app.io.of('/chat')
    const [socket] = namespace.sockets.values()
    const code = { code: 'FST_NSP_EMIT_INVALID' }
    for (const [what, args] of Object.entries(REFUSED)) {
      t.throws(() => namespace.emit('news', ...args), code, `${what}, to all`)
      t.throws(() => namespace.local.emit('news', ...args), code, `${what}, to those of this node`)
      t.throws(() => socket?.emit('news', ...args), code, `${what}, to one`)
      t.throws(() => socket?.emit('news', ...args, () => t.fail('called')), code, `${what}, to one, with an ack`)
      t.throws(() => namespace.timeout(1_000).emit('news', ...args, () => t.fail('called')), code, `${what}, with acks`)
      t.throws(
        () =>
          app
            .namespaceOf('/chat')
            .to('nobody')
            .emit('news', ...args),
        code,
        `${what}, to nobody`,
      )
      await t.rejects(namespace.timeout(1_000).emitWithAck('news', ...args), code, `${what}, awaited`)
      const [payload, ...others] = args
      if (others.length === 0) await t.rejects(app.namespaceOf('/chat').ask('news', payload), code, `${what}, asked`)
    }
    for (const args of SENT) namespace.emit('news', ...args)
    await until(() => events.length >= SENT.length)
    t.ok(client.connected)
    t.strictSame(
      events.map((args, index) => args.slice(0, SENT[index]?.length)),
      SENT,
    )
  })
}

t.test('what a server-side emit would decode to something else is refused, too', async (t) => {
  const { app } = await startNode(t, new LogKeeper())
  const forged = { bytes, of: { _placeholder: true, num: 0 } }
  t.throws(() => app.io.of('/chat').serverSideEmit('news', forged), { code: 'FST_NSP_EMIT_INVALID' })
})

t.test('with a broker and a parser of the application, what its text can not have is refused', async (t) => {
  const { app } = await startNode(t, new LogKeeper(), { io: { parser: { Encoder, Decoder } } })
  for (const args of Object.values(REFUSED)) {
    t.throws(() => app.io.of('/chat').emit('news', ...args), { code: 'FST_NSP_EMIT_INVALID' })
  }
})

t.test('a client that is away when such an emit is refused is recovered, and misses nothing', async (t) => {
  const app = await MODES['with recovery']?.(t)
  if (!app) throw new Error('there is no such mode')
  const client = await app.injectSocket('/chat')
  const heard: unknown[] = []
  client.on('news', (text) => heard.push(text))
  const namespace = app.io.of('/chat')
  const lost = next(client, 'disconnect')
  client.io.engine.close()
  await lost
  await until(() => namespace.sockets.size === 0)
  t.throws(() => namespace.emit('news', { _placeholder: true, num: 7 }, bytes), { code: 'FST_NSP_EMIT_INVALID' })
  namespace.emit('news', 'after it')
  const back = next(client, 'connect')
  client.connect()
  await back
  await until(() => heard.length === 1)
  t.ok(client.recovered)
  t.strictSame(heard, ['after it'])
})

t.test('a reply that would be decoded to something else is not sent', async (t) => {
  const definition = { events: { get: { handler: () => ({ bytes, of: { _placeholder: true, num: 7 } }) } } }
  for (const fast of [true, false]) {
    const app = await build(t, { namespaces: { '/files': definition }, fast })
    const client = await app.injectSocket('/files')
    t.match(await client.emitWithAck('get'), { ok: false, error: { code: 'FST_NSP_REPLY_INVALID' } })
    t.ok(client.connected)
  }
})
