import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import Fastify from 'fastify'
import t from 'tap'
import { waitFor } from '../../../plugin/conformance/suite-client.js'
import { type BuildNode, connectNode, nodeEnvironment, serveNode, startLocalNode } from '../../../plugin/conformance.js'
import namespaces from '../../../plugin/index.js'
import { until } from '../harness.js'

/*
 * The two ends of the channel between the conformance suite and a node in a process of its own.
 */

const build: BuildNode = async (options) => {
  const app = Fastify()
  await app.register(namespaces, options)
  return app
}

/** A process that runs a script, with a channel. */
const run = (script: string) =>
  spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })

t.test('a served node says where it listens, runs commands, records faults, and exits when it is closed', async (t) => {
  const sent: { id: number; result?: unknown; threw?: string }[] = []
  let exits = 0
  const channel = Object.assign(new EventEmitter(), {
    send: (message: (typeof sent)[number]) => sent.push(message),
    exit: () => exits++,
  })
  await serveNode(build, { channel: channel as never, env: nodeEnvironment({ field: 'text' }) })
  t.match(sent, [{ id: 0, result: /^http:/ }])
  channel.emit('message', { nobody: 'has said this' })
  channel.emit('uncaughtException', new Error('nobody caught it'))
  channel.emit('message', { id: 1, command: 'faults', args: [] })
  channel.emit('message', { id: 2, command: 'emit', args: ['/lobby', 'nope', 1, null] })
  channel.emit('message', { id: 3, command: 'block', args: [1] })
  await until(() => sent.length === 4)
  const byId = (id: number) => sent.find((message) => message.id === id)
  t.strictSame(byId(1), { id: 1, result: ['Error: nobody caught it'] })
  t.strictSame(byId(2), { id: 2, threw: 'FST_NSP_EMIT_UNKNOWN' })
  channel.emit('message', { id: 4, command: 'close', args: [] })
  await until(() => exits === 1)
})

t.test('an error without a code is reported with its text', async (t) => {
  const sent: { id: number; threw?: string }[] = []
  const channel = Object.assign(new EventEmitter(), { send: (message: never) => sent.push(message), exit: () => {} })
  await serveNode(build, { channel: channel as never, env: nodeEnvironment({ field: 'text' }) })
  channel.emit('message', { id: 1, command: 'nope', args: [] })
  await until(() => sent.length === 2)
  t.match(sent[1]?.threw, 'TypeError: ')
  channel.emit('message', { id: 2, command: 'close', args: [] })
})

t.test('a node whose process nobody has forked listens, and says so to nobody', async () => {
  const channel = Object.assign(new EventEmitter(), { exit: () => channel.emit('exit') })
  await serveNode(build, { channel, env: nodeEnvironment({ field: 'text' }) })
  const exit = once(channel, 'exit')
  channel.emit('message', { id: 1, command: 'close', args: [] })
  await exit
})

t.test('a connected node runs commands, passes signals on, and is closed', async (t) => {
  const child = run(`
    process.send({ id: 0, result: 'http://127.0.0.1:1' })
    process.on('message', ({ id, command, args }) => {
      if (command === 'close') process.exit()
      process.send(command === 'block' ? { id, threw: 'FST_NO' } : { id, result: args })
    })
  `)
  const node = await connectNode(child)
  t.equal(node.url, 'http://127.0.0.1:1')
  t.strictSame(await node.call('runs', 'key'), ['key'])
  await t.rejects(node.call('block', 1), { code: 'FST_NO' })
  const ended = once(child, 'exit')
  node.signal('SIGCONT')
  await node.close()
  await ended
  await t.resolves(node.close(), 'also when it has ended')
})

t.test('a process that ends before it listens rejects, with how it ended', async (t) => {
  await t.rejects(connectNode(run('process.exit(3)')), { message: 'The node has ended with 3' })
  const child = run('setInterval(() => {}, 1000)')
  const connecting = connectNode(child)
  child.kill('SIGKILL')
  await t.rejects(connecting, { message: 'The node has ended with SIGKILL' })
})

t.test('a node in this process gets no signal', async (t) => {
  const node = await startLocalNode(build, { field: 'text' })
  t.teardown(() => node.close())
  t.throws(() => node.signal('SIGKILL'), { message: /declare that the adapter lacks processes/ })
})

t.test('what never holds is waited for, and named', async (t) => {
  await t.rejects(
    waitFor('the end of the world', () => false, 10),
    { message: 'Waited for: the end of the world' },
  )
})
