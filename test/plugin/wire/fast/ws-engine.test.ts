import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocketServer as StockServer } from 'ws'
import { chooseWsEngine } from '../../../../plugin/wire/fast/ws-engine.js'
import { WebSocketServer } from '../../../../plugin/wire/websocket/websocket-server.js'
import { isFast } from '../../fast-path-harness.js'
import { logLines } from '../../harness.js'

/** A log that notes its lines. */
function createLog() {
  const lines: unknown[] = []
  return {
    lines,
    log: { info: (...args: unknown[]) => void lines.push(args), warn: (...args: unknown[]) => void lines.push(args) },
  }
}

t.test('our WebSocket server is chosen if the self-test finds no problem, without a log line', async (t) => {
  const { lines, log } = createLog()
  for (const options of [{}, { perMessageDeflate: false }]) {
    t.strictSame(await chooseWsEngine(options, log, async () => undefined), { wsEngine: WebSocketServer })
  }
  t.strictSame(lines, [])
})

t.test('with perMessageDeflate or a wsEngine of the application’s the self-test does not run', async (t) => {
  for (const [name, value] of [
    ['perMessageDeflate', true],
    ['wsEngine', StockServer],
  ] as const) {
    const { lines, log } = createLog()
    const findProblem = async () => t.fail('the self-test ran') as never
    t.strictSame(await chooseWsEngine({ [name]: value } as object, log, findProblem), {})
    t.strictSame(lines, [[`half of the fast path is off: the application sets io.${name}`]])
  }
})

t.test('a problem is one warning with its code, and WebSockets are left to ws', async (t) => {
  const { lines, log } = createLog()
  t.strictSame(await chooseWsEngine({}, log, async () => 'broadcast: "x"'), {})
  t.match(lines, [
    [{ code: 'FST_NSP_FAST_UNAVAILABLE', difference: 'broadcast: "x"' }, /its self-test failed \(broadcast: "x"\)/],
  ])
  t.equal(lines.length, 1)
})

/** The plugin, with a self-test that finds that problem. */
async function importWithProblem(t: Test, problem: string) {
  return (await t.mockImport('../../../../plugin/index.js', {
    '../../../../plugin/wire/fast/self-test.js': { findFastProblem: async () => problem },
  })) as typeof import('../../../../plugin/index.js')
}

t.test('after a failed self-test everything works', async (t) => {
  const { default: Fastify } = await import('fastify')
  const { default: namespaces } = await importWithProblem(t, 'ping: "x"')
  const { lines, logger } = logLines()
  const app = Fastify({ logger })
  t.teardown(() => app.close())
  await app.register(namespaces, { namespaces: { '/chat': { events: { echo: { handler: (payload) => payload } } } } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.match(
    lines.filter(({ level }) => level === 40),
    [{ code: 'FST_NSP_FAST_UNAVAILABLE', difference: 'ping: "x"' }],
  )
  const client = await app.injectSocket('/chat')
  const [socket] = app.io.of('/chat').sockets.values()
  t.notOk(isFast(socket as never))
  for (const value of ['ä', Buffer.from('bytes'), { a: [1] }]) {
    t.strictSame(await client.emitWithAck('echo', value), { ok: true, data: value })
  }
  const heard = once(client as never, 'news')
  app.io.of('/chat').emit('news', 1)
  t.strictSame(await heard, [1])
})
