import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { createDrain } from '../../../../plugin/events/gate/in-flight.js'
import type { NamespacesOptions } from '../../../../plugin/index.js'
import { build as buildApp, join, listen, next, TRANSPORTS, until } from '../../harness.js'
import { withholdTimers } from '../../withheld-timers.js'

/*
 * While the server closes, events in flight end and are acked, and no other event begins.
 */

/** Builds an instance and collects its log lines. By default the drain may take as long as the test. */
async function build(t: Test, options: NamespacesOptions) {
  const lines: { msg: string; level: number }[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const app = await buildApp(t, { closeTimeoutMs: 30_000, ...options }, () => {}, { logger: { level: 'warn', stream } })
  return { app, lines }
}

/** A handler that returns after `release()`. */
function hold() {
  const calls: unknown[] = []
  let release: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  async function handler(payload: unknown) {
    calls.push(payload)
    await released
    return payload
  }
  return { handler, calls, release }
}

/** Emits events until one is refused: then the drain has begun. */
async function refusal(socket: Pick<Socket, 'emitWithAck'>, event: string): Promise<unknown> {
  for (;;) {
    const ack = await socket.emitWithAck(event)
    if (!ack.ok) return ack
  }
}

const CLOSING = { ok: false, error: { code: 'FST_NSP_CLOSING', statusCode: 503, message: 'The server is closing' } }
const probe = { handler: () => 'yes' }

t.test('events in flight are acked before their socket is disconnected, on every transport', async (t) => {
  const { handler, calls, release } = hold()
  const { app } = await build(t, { namespaces: { '/chat': { events: { hold: { handler }, probe } } } })
  const port = await listen(app)
  const outside = TRANSPORTS.map((transports) =>
    join(t, `http://127.0.0.1:${port}`, '/chat', { transports: [...transports] }),
  )
  await Promise.all(outside.map((socket) => next(socket, 'connect')))
  const sockets: Socket[] = [...outside, (await app.injectSocket('/chat')) as unknown as Socket]
  const heard = sockets.map((socket, index) => {
    const told: unknown[] = []
    socket.emit('hold', index, (ack: unknown) => told.push(ack))
    socket.once('disconnect', (reason) => told.push(reason))
    return told
  })
  await until(() => calls.length === sockets.length)
  const closed = app.close()
  await Promise.all(sockets.map((socket) => refusal(socket, 'probe')))
  t.strictSame(heard.flat(), [], 'no socket is disconnected while events are in flight')
  release()
  await closed
  await until(() => sockets.every((socket) => !socket.connected))
  for (const [index, told] of heard.entries()) t.strictSame(told, [{ ok: true, data: index }, 'transport close'])
})

t.test('events that arrive during the drain are acked with FST_NSP_CLOSING and never reach a handler', async (t) => {
  const { handler, calls, release } = hold()
  const reached: string[] = []
  const reach = (name: string) => () => void reached.push(name)
  const { app } = await build(t, {
    namespaces: {
      '/chat': {
        events: { hold: { handler }, probe, declared: { handler: reach('handler') } },
        eventHooks: { onEvent: ({ event }) => void (event.name === 'declared' && reached.push('onEvent')) },
        onConnect: ({ socket }) => void socket.on('listened', reach('listener')),
      },
    },
  })
  app.io.of('/plain').on('connection', (socket) => socket.on('listened', reach('plain listener')))
  const chat = await app.injectSocket('/chat')
  const plain = await chat.join('/plain')
  const held = chat.emitWithAck('hold', 1)
  await until(() => calls.length === 1)
  const closed = app.close()
  t.strictSame(await refusal(chat, 'probe'), CLOSING)
  for (const event of ['declared', 'listened', 'unknown']) {
    t.strictSame(await chat.emitWithAck(event), CLOSING, event)
    chat.emit(event)
  }
  t.strictSame(await plain.emitWithAck('listened'), CLOSING)
  release()
  t.strictSame(await held, { ok: true, data: 1 })
  await closed
  t.strictSame(reached, [])
})

t.test('during the drain, queued events of a sequential namespace are acked and do not begin', async (t) => {
  const { handler, calls, release } = hold()
  const { app } = await build(t, {
    namespaces: { '/chat': { sequential: true, events: { hold: { handler } } }, '/probe': { events: { probe } } },
  })
  const chat = await app.injectSocket('/chat')
  const other = await chat.join('/probe')
  const acks = Promise.all(['first', 'second', 'third'].map((payload) => chat.emitWithAck('hold', payload)))
  await until(() => calls.length === 1)
  const closed = app.close()
  await refusal(other, 'probe')
  release()
  t.strictSame(await acks, [{ ok: true, data: 'first' }, CLOSING, CLOSING])
  await closed
  t.strictSame(calls, ['first'])
})

t.test('during the drain, events that wait for onConnect are acked when it has ended', async (t) => {
  const { handler, calls, release } = hold()
  const onConnect = hold()
  const { app } = await build(t, {
    namespaces: {
      '/chat': { events: { hold: { handler }, probe } },
      '/slow': { onConnect: onConnect.handler, events: { probe } },
    },
  })
  const chat = await app.injectSocket('/chat')
  const slow = await chat.join('/slow')
  const early = slow.emitWithAck('probe')
  const held = chat.emitWithAck('hold')
  await until(() => calls.length === 1)
  const closed = app.close()
  await refusal(chat, 'probe')
  onConnect.release()
  t.strictSame(await early, CLOSING)
  release()
  t.ok((await held).ok)
  await closed
})

t.test('a handler that never returns delays the close by closeTimeoutMs, and is then aborted', async (t) => {
  const signals: AbortSignal[] = []
  const { app, lines } = await build(t, {
    closeTimeoutMs: 50,
    namespaces: {
      '/chat': { events: { hang: { handler: (_, { signal }) => new Promise(() => signals.push(signal)) } } },
    },
  })
  const chat = await app.injectSocket('/chat')
  const ack = chat.emitWithAck('hang').catch((error: Error) => error.message)
  await until(() => signals.length === 1)
  withholdTimers(t, 50)
  await app.close()
  t.equal(await ack, 'socket has been disconnected')
  t.equal(signals[0]?.aborted, true)
  t.match(lines, [{ level: 40, msg: 'closing without waiting longer for events in flight' }])
})

t.test('the drain also waits for a handler whose socket has disconnected', async (t) => {
  const { handler, calls, release } = hold()
  const { app } = await build(t, { namespaces: { '/chat': { events: { hold: { handler }, probe } } } })
  const [leaver, stayer] = await Promise.all([app.injectSocket('/chat'), app.injectSocket('/chat')])
  leaver.emit('hold')
  await until(() => calls.length === 1)
  await leaver.close()
  const closed = app.close()
  await refusal(stayer, 'probe')
  t.ok(stayer.connected)
  release()
  await closed
})

t.test('a second close() during the drain waits for the same events', async (t) => {
  const { handler, calls, release } = hold()
  const { app } = await build(t, { namespaces: { '/chat': { events: { hold: { handler }, probe } } } })
  const chat = await app.injectSocket('/chat')
  const held = chat.emitWithAck('hold', 1)
  await until(() => calls.length === 1)
  const both = [app.close(), app.close()]
  await refusal(chat, 'probe')
  release()
  await Promise.all(both)
  t.strictSame(await held, { ok: true, data: 1 })
  await app.close()
})

t.test('during the drain no client connects, and polls, emits and their acks still work', async (t) => {
  const { calls, release, handler } = hold()
  const { app } = await build(t, {
    namespaces: {
      '/chat': {
        emits: { question: { reply: { type: 'string' } } },
        events: {
          probe,
          hold: {
            handler: async (payload, { ask }) => {
              await handler(payload)
              return ask('question')
            },
          },
        },
      },
    },
  })
  const port = await listen(app)
  const chat = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['polling'] })
  chat.on('question', (answer: (text: string) => void) => answer('an answer'))
  await next(chat, 'connect')
  const held = chat.emitWithAck('hold')
  await until(() => calls.length === 1)
  const closed = app.close()
  await refusal(chat, 'probe')
  const late = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['polling'] })
  const [error] = await next(late, 'connect_error')
  t.match(error, { description: 503 })
  release()
  t.strictSame(await held, { ok: true, data: 'an answer' })
  await closed
})

t.test('a drain ends with the last event, or with its timeout', async (t) => {
  const idle = createDrain()
  t.notOk(idle.isClosed)
  t.equal(await idle.close(1_000), true)
  t.ok(idle.isClosed)

  const busy = createDrain()
  for (let rest = 2; rest > 0; rest--) busy.enter()
  const closed = busy.close(30_000)
  busy.leave()
  busy.leave()
  t.equal(await closed, true)

  const stuck = createDrain()
  stuck.enter()
  t.equal(await stuck.close(0), false)
  t.equal(await stuck.close(0), false, 'again')
  stuck.leave()
  t.equal(await stuck.close(0), true)
})
