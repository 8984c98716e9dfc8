import { EventEmitter } from 'node:events'
import { Socket } from 'socket.io'
import t from 'tap'
import { containAnyListeners } from '../../../plugin/events/any-listeners.js'
import { containAcks, containListeners } from '../../../plugin/shared/safe-listeners.js'
import { client, until, withResolvers } from '../harness.js'

function contained() {
  const emitter = new EventEmitter()
  const reports: [unknown, string | symbol][] = []
  containListeners(emitter, (error, event) => reports.push([error, event]))
  return { emitter, reports }
}

t.test('an error of a listener, thrown or rejected, is reported, whichever method added it', async (t) => {
  for (const add of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const) {
    const { emitter, reports } = contained()
    emitter[add]('throws', () => {
      throw 'thrown'
    })
    emitter[add]('rejects', async () => Promise.reject('rejected'))
    emitter.emit('throws')
    emitter.emit('rejects')
    await until(() => reports.length === 2)
    t.strictSame(
      reports,
      [
        ['thrown', 'throws'],
        ['rejected', 'rejects'],
      ],
      add,
    )
  }
})

t.test('wrapped listeners keep this, arguments, order, once, off and listeners()', async (t) => {
  const { emitter } = contained()
  const calls: unknown[] = []
  const last = function (this: unknown, ...args: unknown[]) {
    calls.push(['last', this === emitter, ...args])
    return 7
  }
  const first = () => void calls.push('first')
  const once = () => void calls.push('once')
  const never = () => void calls.push('never')
  emitter.on('x', last)
  emitter.prependListener('x', first)
  emitter.once('x', once)
  emitter.prependOnceListener('x', never)
  t.strictSame(emitter.listeners('x'), [never, first, last, once])
  const [, , raw, rawOnce] = emitter.rawListeners('x')
  t.equal(raw, last)
  t.equal(Object(rawOnce).listener, once, 'Node.js wraps it, too')
  emitter.off('x', never)
  emitter.emit('x', 1, 2)
  emitter.emit('x')
  t.strictSame(calls, ['first', ['last', true, 1, 2], 'once', 'first', ['last', true]])
  emitter.removeListener('x', last)
  emitter.off('x', first)
  t.equal(emitter.listenerCount('x'), 0)
  t.throws(() => emitter.on('x', undefined as never), TypeError)
  // biome-ignore lint/suspicious/noThenProperty: the point of it
  emitter.on('odd', () => ({ then: 'not a function' }))
  emitter.on('odd', () => null)
  t.ok(emitter.emit('odd'))
})

t.test('a socket that keeps its ack callbacks elsewhere is not changed', async (t) => {
  for (const socket of [{}, { acks: [] }])
    t.doesNotThrow(() =>
      containAcks(
        socket,
        () => t.fail('an error was reported'),
        () => undefined,
      ),
    )
})

t.test('an any-listener is removed by its original function, and by no other', async (t) => {
  const socket: Socket = Object.create(Socket.prototype)
  const never = () => t.fail('an error was reported')
  containAnyListeners(socket as unknown as Parameters<typeof containAnyListeners>[0], never, () => false)
  const own = () => {}
  socket.onAny(own).prependAny(() => {})
  socket.offAny(() => {})
  t.equal(socket.listenersAny().length, 2)
  socket.offAny(own)
  t.equal(socket.listenersAny().length, 1)
  socket.offAny()
  t.equal(socket.listenersAny().length, 0)
})

for (const [listeners, on, prepend, off] of [
  ['listenersAny', 'onAny', 'prependAny', 'offAny'],
  ['listenersAnyOutgoing', 'onAnyOutgoing', 'prependAnyOutgoing', 'offAnyOutgoing'],
] as const) {
  t.test(`${listeners}() returns the original functions, in an array that the caller may change`, async (t) => {
    const heard: unknown[] = []
    const { app, socket } = await client(t, { events: { 'message:send': { handler: () => {} } } })
    const [here] = [...app.io.of('/chat').sockets.values()]
    if (!here) throw new Error('nobody is there')
    const first = (name: string) => void heard.push(['first', name])
    const second = (name: string) => void heard.push(['second', name])
    const third = async (name: string) => {
      heard.push(['third', name])
      throw new Error('it is contained')
    }
    t.strictSame(here[listeners](), [])
    here[on](second)[prepend](first)[on](first)
    t.strictSame(here[listeners](), [first, second, first])
    t.ok(here[listeners]().includes(second))
    here[off](first)
    t.strictSame([...here[listeners]()], [second, first])
    here[listeners]().splice(0, 1)
    here[listeners]().push(third)
    t.strictSame(here[listeners](), [first, third])
    await socket.emitWithAck('message:send')
    here.emit('message:new')
    const name = listeners === 'listenersAny' ? 'message:send' : 'message:new'
    await until(() => heard.length === 2)
    t.strictSame(heard, [
      ['first', name],
      ['third', name],
    ])
    here[listeners]().length = 0
    t.strictSame(here[listeners](), [])
  })
}

t.test('an error of a namespace listener, thrown or rejected, is logged, and the process continues', async (t) => {
  const calls: string[] = []
  const { app, socket, lines } = await client(t, {}, {}, (app) => {
    const namespace = app.io.of('/plain')
    for (const event of ['connection', 'connect'] as const) {
      namespace.on(event, () => {
        throw new Error(event)
      })
      namespace.on(event, async () => Promise.reject(new Error(event)))
    }
    const never = () => void calls.push('never')
    namespace.on('connection', never)
    t.ok(namespace.listeners('connection').includes(never))
    namespace.off('connection', never)
    namespace.once('connection', () => void calls.push('once'))
    app.io.on('new_namespace', async () => Promise.reject(new Error('new_namespace')))
    app.io.on('new_namespace', ({ name }) => {
      if (name === '/never') throw new Error('it can not be prepared')
    })
    app.io.on('question' as 'connection', () => {
      throw new Error('of another node')
    })
  })
  const plain = await socket.join('/plain')
  t.ok(plain.connected)
  await socket.join('/plain').catch(() => {})
  t.equal(app.io.of('/new').name, '/new')
  t.throws(() => app.io.of('/never'), { message: 'it can not be prepared' })
  ;(app.io.of('/') as unknown as { _onServerSideEmit(args: unknown[]): void })._onServerSideEmit(['question'])
  const failed = () => lines.filter(({ msg }) => msg === 'listener of a namespace failed')
  await until(() => failed().length >= 6)
  const [first] = failed().filter(({ namespace }) => namespace === '/plain')
  t.match(first, { event: 'connect', level: 50, err: { message: 'connect' } })
  t.ok(failed().some(({ event }) => event === 'new_namespace'))
  t.ok(failed().some(({ event, namespace }) => event === 'question' && namespace === '/'))
  t.strictSame(calls, ['once'])
})

t.test('adding a listener for a declared event throws FST_NSP_EVENT_DECLARED', async (t) => {
  const thrown: unknown[] = []
  const { socket, lines } = await client(
    t,
    {
      onConnect: (context) => {
        const socket = context.socket as unknown as Socket
        for (const add of ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener'] as const) {
          try {
            socket[add as 'on']('declared', () => t.fail('the listener was called'))
          } catch (error) {
            thrown.push(error)
          }
        }
        socket.on('other', (ack) => ack('heard'))
        socket.on('error', () => {})
        socket.on(Symbol('declared') as never, () => {})
      },
      events: { declared: { handler: () => 'handled' }, error: { handler: () => 'handled' } },
    },
    {},
    (app) => {
      app.io.of('/chat').on('connection', (socket) => {
        socket.on('declared', () => t.fail('the listener was called'))
      })
    },
  )
  t.equal(thrown.length, 5)
  t.match(thrown[0], {
    code: 'FST_NSP_EVENT_DECLARED',
    message:
      'The event declared is declared in the definition of /chat: its listener would never be called. Handle it in the definition, or remove it from `events`',
  })
  t.match(
    lines.find(({ msg }) => msg === 'listener of a namespace failed'),
    { namespace: '/chat', event: 'connection', err: { code: 'FST_NSP_EVENT_DECLARED' } },
  )
  t.strictSame(await socket.emitWithAck('declared'), { ok: true, data: 'handled' })
  t.strictSame(await socket.emitWithAck('error'), { ok: true, data: 'handled' })
  t.equal(await socket.emitWithAck('other'), 'heard')
})

t.test('an error of an outgoing any-listener is logged, and the emit is sent', async (t) => {
  const own = () => {
    throw new Error('outgoing')
  }
  const { socket, lines, app } = await client(t, {
    onConnect: (context) => {
      const socket = context.socket as unknown as Socket
      socket.onAnyOutgoing(own)
      socket.prependAnyOutgoing(own)
      socket.offAnyOutgoing(own)
    },
  })
  app.io.of('/chat').emit('news', 1)
  t.equal(await socket.nextEvent('news'), 1)
  t.equal(lines.filter(({ msg }) => msg === 'listener failed').length, 1)
})

t.test('a listener that has not acked when its client disconnects is not reported', async (t) => {
  const heard = withResolvers()
  const gone = withResolvers()
  const { socket, lines } = await client(t, {
    onConnect: ({ socket }) => void socket.on('never', () => heard.resolve()),
    onDisconnect: () => gone.resolve(),
  })
  socket.emit('never', () => {})
  await heard.promise
  socket.disconnect()
  await gone.promise
  t.strictSame(
    lines.filter(({ code }) => code === 'FST_NSP_HANDLER_TIMEOUT'),
    [],
  )
})
