import t from 'tap'
import { Type } from 'typebox'
import { defineNamespace } from '../../../../plugin/index.js'
import { createCluster } from '../../cluster-harness.js'
import { build, client, logLines, next, until, untilDrained, withResolvers } from '../../harness.js'

/*
 * `to()`, `namespaceOf()` and `emit` of a context: their modifiers, and the answers to emits with a timeout.
 */

const poll = defineNamespace({
  emits: {
    news: { payload: Type.String() },
    poll: { payload: Type.String(), reply: Type.Object({ choice: Type.Integer() }) },
    'who:are:you': { reply: Type.String() },
    open: {},
  },
  onConnect: ({ socket }) => socket.join('members'),
})

const orgs = defineNamespace({ ...poll, schema: { params: Type.Object({ orgId: Type.Integer() }) } })

t.test('to() and namespaceOf() have volatile, compress, local, in and except, as Socket.IO has them', async (t) => {
  const { app, socket } = await client(t, poll)
  const seen: unknown[] = []
  const { adapter } = app.io.of('/chat')
  const { broadcast } = adapter
  adapter.broadcast = (packet, opts) => {
    seen.push({ flags: { ...opts.flags }, rooms: [...opts.rooms], except: [...(opts.except ?? [])] })
    return broadcast.call(adapter, packet, opts)
  }
  const reach = app.namespaceOf(poll)
  // One at a time: a volatile emit is dropped while an earlier packet is not written yet.
  const [member] = app.io.of('/chat').sockets.values()
  const drained = () => untilDrained(member as NonNullable<typeof member>)
  await drained()
  reach.volatile.emit('news', 'a')
  t.equal(await socket.nextEvent('news'), 'a')
  reach.compress(false).in('members').emit('news', 'b')
  t.equal(await socket.nextEvent('news'), 'b')
  await drained()
  reach.local.to('members').except('nobody').volatile.emit('news', 'c')
  t.equal(await socket.nextEvent('news'), 'c')
  t.strictSame(seen, [
    { flags: { volatile: true }, rooms: [], except: [] },
    { flags: { compress: false }, rooms: ['members'], except: [] },
    { flags: { local: true, volatile: true }, rooms: ['members'], except: ['nobody'] },
  ])
  t.throws(() => reach.volatile.emit('news', { not: 'a text' } as never), { code: 'FST_NSP_EMIT_INVALID' })
  const { emit, to, ask } = reach
  emit('news', 'd')
  to('members').emit('news', 'e')
  t.strictSame([await socket.nextEvent('news'), await socket.nextEvent('news')], ['d', 'e'], 'also when destructured')
  t.equal((await ask('news', 'f', { timeoutMs: 1 })).missing.length, 1)
})

t.test('timeout() returns the answers of all sockets, checked against the reply schema of the emit', async (t) => {
  const { app, socket } = await client(t, poll)
  const two = await app.injectSocket<typeof poll>('/chat')
  socket.on('poll', (question: string, answer: (value: unknown) => void) =>
    answer({ choice: question.length, more: 1 }),
  )
  two.on('poll', (_question, answer) => answer({ choice: 7 }))
  const everybody = app.namespaceOf(poll).timeout(10_000)
  const answers = await everybody.emitWithAck('poll', 'Tea?')
  t.strictSame(answers.map(({ choice }) => choice).sort(), [4, 7])
  const called = withResolvers<unknown[]>()
  t.equal(
    everybody.to('members').emit('poll', 'Tea', (...args) => called.resolve(args)),
    true,
  )
  const [error, heard] = (await called.promise) as [null, { choice: number }[]]
  t.equal(error, null)
  t.strictSame(heard.map(({ choice }) => choice).sort(), [3, 7])
  t.strictSame(await everybody.to('nobody').emitWithAck('poll', 'Tea?'), [])
  t.strictSame(await everybody.except('members').in('members').emitWithAck('poll', 'Tea?'), [])
})

t.test('missing and invalid answers to an emit are left out and reported as an error', async (t) => {
  const { app, socket } = await client(t, poll)
  const two = await app.injectSocket('/chat')
  socket.on('poll', (_question: string, answer: (value: unknown) => void) => answer({ choice: 1 }))
  const everybody = app.namespaceOf(poll)
  const late = await everybody
    .timeout(1_500)
    .emitWithAck('poll', 'Tea?')
    .catch((error: unknown) => error)
  t.match(late, { code: 'FST_NSP_ANSWER_TIMEOUT', responses: [{ choice: 1 }] })
  two.on('poll', (_question: string, answer: (value: unknown) => void) => answer('tea'))
  const wrong = await everybody
    .timeout(10_000)
    .emitWithAck('poll', 'Tea?')
    .catch((error: unknown) => error)
  t.match(wrong, { code: 'FST_NSP_ANSWER_INVALID', responses: [{ choice: 1 }] })
  t.throws(() => everybody.timeout(50).emit('poll', { not: 'a text' } as never, () => {}), {
    code: 'FST_NSP_EMIT_INVALID',
  })
  const rejection = await everybody
    .timeout(50)
    .emitWithAck('nope' as 'open')
    .catch((error: unknown) => error)
  t.match(rejection, { code: 'FST_NSP_EMIT_UNKNOWN' })
})

t.test('an emit without a payload schema or without a reply schema can be answered as well', async (t) => {
  const { app, socket } = await client(t, poll)
  socket.on('who:are:you', (answer: (value: unknown) => void) => answer('Ann'))
  socket.on('open', (answer: (value: unknown) => void) => answer({ any: 'thing' }))
  const everybody = app.namespaceOf(poll).timeout(10_000)
  t.strictSame(await everybody.emitWithAck('who:are:you'), ['Ann'])
  const [member] = app.io.of('/chat').sockets.values()
  await untilDrained(member as NonNullable<typeof member>)
  t.strictSame(await everybody.volatile.local.compress(true).emitWithAck('open'), [{ any: 'thing' }])
})

t.test('an error that the callback of an emit throws is logged and has no other effect', async (t) => {
  const { app, socket, lines } = await client(t, {
    ...poll,
    events: {
      start: {
        handler: (_payload, { emit }) => {
          emit.timeout(10_000)('poll', 'Tea?', () => {
            throw new Error('of emit')
          })
        },
      },
    },
  })
  socket.on('poll', (_question: string, answer: (value: unknown) => void) => answer({ choice: 1 }))
  app
    .namespaceOf('/chat')
    .timeout(10_000)
    .emit('poll', 'Tea?', () => {
      throw new Error('of an audience')
    })
  socket.emit('start')
  const failures = () => lines.filter(({ msg }) => msg === 'the callback of an emit failed')
  await until(() => failures().length === 2)
  t.strictSame(
    failures()
      .map(({ err }) => (err as Error).message)
      .sort(),
    ['of an audience', 'of emit'],
  )
})

t.test('emit of a context has volatile, compress and timeout', async (t) => {
  const heard: unknown[] = []
  const { socket } = await client(t, {
    ...poll,
    events: {
      go: {
        handler: async (_payload, { emit, socket }) => {
          await untilDrained(socket)
          emit.volatile('news', 'a')
          emit.compress(false)('news', 'b')
          emit('news', 'c')
          heard.push({ ...(socket as unknown as { flags: object }).flags })
          const ask = (question: string, ms = 5_000) =>
            new Promise((resolve) => emit.timeout(ms)('poll', question, (...args: unknown[]) => resolve(args)))
          heard.push(await ask('good'), await ask('bad'), await ask('silent', 20))
          try {
            emit.volatile('news', { not: 'a text' })
          } catch (error) {
            heard.push((error as { code: string }).code)
          }
        },
      },
    },
  })
  const news: unknown[] = []
  socket.on('news', (text: string) => news.push(text))
  socket.on('poll', (question: string, answer: (value: unknown) => void) => {
    if (question === 'good') answer({ choice: 1 })
    if (question === 'bad') answer({ choice: 'one' })
  })
  t.strictSame(await socket.emitWithAck('go'), { ok: true })
  t.strictSame(news, ['a', 'b', 'c'])
  t.match(heard, [
    {},
    [null, { choice: 1 }],
    [{ code: 'FST_NSP_ANSWER_INVALID' }],
    [{ code: 'FST_NSP_ANSWER_TIMEOUT' }],
    'FST_NSP_EMIT_INVALID',
  ])
})

t.test(
  'an emit with acks to an address keeps its order and its namespace open, also while a broker unsubscribes',
  async (t) => {
    const { lines, logger } = logLines()
    const io = { adapter: createCluster() }
    const options = { io, namespaces: { '/orgs/:orgId': orgs }, limits: { dynamicNamespaces: 1 } }
    const app = await build(t, options, undefined, { logger })
    const socket = await app.injectSocket<typeof orgs>('/orgs/42')
    socket.on('poll', (_question, answer) => answer({ choice: 1 }))
    const reach = app.namespaceOf(orgs, { orgId: 42 })
    const answered = reach.timeout(10_000).emitWithAck('poll', 'Tea?')
    reach.emit('news', 'later')
    const order: string[] = []
    socket.onAny((name: string) => order.push(name))
    t.strictSame(await answered, [{ choice: 1 }])
    await until(() => order.includes('news'))
    t.strictSame(order, ['poll', 'news'])
    // Only one dynamic namespace may be open, so joining another address closes the first one and its adapter.
    const gone = next(socket, 'disconnect')
    socket.disconnect()
    await gone
    await app.injectSocket('/orgs/7')
    t.notOk(app.io._nsps.has('/orgs/42'))
    const waiting = reach.timeout(50).emitWithAck('poll', 'anybody?')
    t.notOk(app.io._nsps.has('/orgs/42'), 'the emit waits until the adapter has closed')
    t.strictSame(await waiting, [])
    t.equal(lines.filter(({ level }) => Number(level) >= 50).length, 0)
  },
)

t.test('an emit with acks that fails while it is sent rejects', async (t) => {
  const { app } = await client(t, poll)
  const { adapter } = app.io.of('/chat')
  adapter.broadcastWithAck = () => {
    throw new Error('the broker is gone')
  }
  await t.rejects(app.namespaceOf(poll).timeout(50).emitWithAck('poll', 'Tea?'), { message: 'the broker is gone' })
})
