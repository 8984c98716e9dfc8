import { Server } from 'socket.io'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespace, type NamespacesOptions } from '../../../../plugin/index.js'
import { createCluster } from '../../cluster-harness.js'
import { build, client, heard, until } from '../../harness.js'

/*
 * Emits have the declared arguments only, and an emit that fails throws without calling its callback.
 */

const DEFINITION = defineNamespace({
  emits: {
    said: { payload: Type.Object({ text: Type.String() }), reply: Type.Unknown() },
    open: { payload: Type.Unknown(), reply: Type.Unknown() },
    over: { reply: Type.Unknown() },
  },
})

// The emitters as an application without types sees them.
type Loose = { emit(event: string, ...args: unknown[]): unknown }
type Patient = Loose & { timeout(ms: number): Loose & { emitWithAck(event: string, ...args: unknown[]): unknown } }

/** Connects a socket and returns everything that can emit to it. */
async function open(t: Test, options: NamespacesOptions = {}) {
  const { app, socket } = await client(t, DEFINITION, options)
  const namespace = app.io.of('/chat')
  const [here] = [...namespace.sockets.values()]
  const [remote] = await app.namespaceOf('/chat').fetchSockets()
  if (!here || !remote) throw new Error('the socket has not joined')
  const emitters = {
    'a socket': here,
    'a room': namespace.to(here.id),
    'a namespace': namespace,
    'an operator of several': namespace.except('nobody').compress(false),
    'a socket by fetchSockets()': remote,
  } as unknown as Record<string, Patient>
  return { app, socket, namespace, here, emitters }
}

const WAYS: Record<string, () => NamespacesOptions> = {
  'in memory': () => ({}),
  'with recovery': () => ({ io: { connectionStateRecovery: {} } }),
  'with an adapter for several nodes': () => ({ io: { adapter: createCluster() } }),
}

for (const [way, optionsOf] of Object.entries(WAYS)) {
  t.test(`an emit with more arguments than its payload throws FST_NSP_EMIT_INVALID, ${way}`, async (t) => {
    const { app, socket, here, emitters } = await open(t, optionsOf())
    const events: unknown[][] = []
    socket.onAny((...event) => events.push(event))
    const surplus = { code: 'FST_NSP_EMIT_INVALID', message: /it has one argument, its payload, and got 2/ }
    const others = {
      "a socket's broadcast": here.broadcast,
      'the audience of a namespace': app.namespaceOf('/chat'),
      'the audience of a room': app.namespaceOf('/chat').to(here.id),
    } as unknown as Record<string, Loose>
    for (const [what, emitter] of Object.entries({ ...emitters, ...others })) {
      t.throws(() => emitter.emit('said', { text: 'hi' }, { secret: 1 }), surplus, what)
      t.throws(() => emitter.emit('said', { text: 'hi' }, { secret: 1 }, () => {}), surplus, `${what}, with an ack`)
      t.throws(() => emitter.emit('over', 1, { secret: 1 }), surplus, what)
      t.throws(() => emitter.emit('over', null, 0, () => {}), surplus, `${what}, with an ack`)
    }
    t.strictSame(events, [], 'none of them was sent')
    for (const emitter of Object.values(emitters)) {
      emitter.emit('said', { text: 'hi', secret: 1 }, undefined)
      emitter.emit('over', 1, undefined)
      emitter.emit('over')
    }
    const count = Object.keys(emitters).length * 3
    await until(() => events.length === count)
    // With recovery an offset follows the payload.
    const width = way === 'with recovery' ? 1 : 0
    for (let index = 0; index < count; index += 3) {
      t.strictSame(
        events.slice(index, index + 3).map((event) => event.slice(0, event.length - width)),
        [['said', { text: 'hi' }], ['over', 1], ['over']],
      )
    }
  })

  t.test(`an emit that fails throws, does not call its callback and leaves no timer, ${way}`, async (t) => {
    const { socket, namespace, emitters } = await open(t, optionsOf())
    let answers = 0
    socket.on('over', (ack) => ack(++answers))
    const count = () => process.getActiveResourcesInfo().filter((what) => what === 'Timeout').length
    for (const [what, emitter] of Object.entries(emitters)) {
      const calls: unknown[] = []
      const before = count()
      for (const [event, payload] of [
        ['said', { text: {} }],
        ['nope', 1],
        ['open', 1n],
        ['connect', 1],
      ]) {
        const failing = `${event} of ${what}`
        t.throws(
          () => emitter.timeout(1).emit(event as string, payload, (...args: unknown[]) => calls.push(args)),
          failing,
        )
        t.equal(count(), before, `${failing} leaves no timer`)
      }
      await t.rejects(emitter.timeout(1).emitWithAck('said', { text: {} }) as Promise<unknown>, {
        code: 'FST_NSP_EMIT_INVALID',
      })
      const answer = await new Promise((resolve) =>
        emitter.timeout(10_000).emit('over', (...args: unknown[]) => resolve(args)),
      )
      t.match(answer, [null, /socket/.test(what) ? answers : [answers]], `${what} goes on`)
      await new Promise((resolve) => emitter.timeout(2).emit('open', 1, resolve))
      t.strictSame(calls, [], `${what} does not call its callback after the timeout`)
    }
    t.equal([...namespace.sockets.values()].length, 1)
  })
}

t.test('operators of a server without this plugin are not affected', async (t) => {
  await build(t)
  const io = new Server()
  const answered = new Promise((resolve) => io.timeout(1).emit('hi', 1, 2, (...args: unknown[]) => resolve(args)))
  t.strictSame(await answered, [null, []])
  t.ok(io.to('room').emit('hi', 1, 2))
})

t.test('an emit without a timeout that cannot be encoded leaves no pending ack', async (t) => {
  const { socket, here } = await open(t)
  t.throws(() => here.emit('open', 1n, () => t.fail('the callback was called')), { code: 'FST_NSP_EMIT_INVALID' })
  socket.on('open', (_value, ack) => ack('an answer'))
  t.equal(await (here as unknown as { emitWithAck(...args: unknown[]): unknown }).emitWithAck('open', 1), 'an answer')
  socket.disconnect()
  await heard(here, 'disconnect')
})
