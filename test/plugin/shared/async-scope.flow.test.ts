import { AsyncLocalStorage } from 'node:async_hooks'
import requestContext from '@fastify/request-context'
import type { FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import t from 'tap'
import { defineNamespace, type JoinHook } from '../../../plugin/index.js'
import { captureScope, isolate } from '../../../plugin/shared/async-scope.js'
import { build, until } from '../harness.js'

/*
 * Every function of a socket sees the AsyncLocalStorage stores that its joining hook has set, and those of no other socket.
 */

declare module '@fastify/request-context' {
  interface RequestContextData {
    who: string
  }
}

const TRANSPORTS = ['websocket', 'polling', 'upgrade'] as const

/** A definition whose functions record the store. `fill` is a joining hook. */
function noting(storage: { get(): unknown }, fill: JoinHook, seen: [string, unknown][]) {
  const note = (what: string) => () => void seen.push([what, storage.get()])
  return defineNamespace({
    onRequest: fill,
    onConnect: async ({ socket }) => {
      note('onConnect')()
      socket.use((_event, next) => {
        note('middleware')()
        next()
      })
      socket.on('plain', (done) => {
        note('listener')()
        done()
      })
      await null
      note('onConnect, later')()
    },
    onDisconnect: note('onDisconnect'),
    eventHooks: {
      onEvent: note('onEvent'),
      preHandler: note('preHandler'),
      onAck: note('onAck'),
      onError: note('onError'),
    },
    emits: { question: { reply: {} } },
    events: {
      sync: { handler: note('handler') },
      later: {
        handler: async () => {
          await new Promise((resolve) => setImmediate(resolve))
          note('handler, later')()
        },
      },
      fails: {
        handler: () => {
          note('handler that fails')()
          throw new Error('no')
        },
      },
      slow: {
        handlerTimeoutMs: 1,
        handler: async (_payload, { signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          note('aborted')()
        },
      },
      asks: {
        handler: async (_payload, { ask }) => {
          await ask('question')
          note('asked')()
        },
      },
    },
  })
}

const EVENTS = ['sync', 'later', 'fails', 'slow', 'asks', 'plain']
const PLACES = ['onConnect', 'onConnect, later', 'middleware', 'listener', 'onEvent', 'preHandler', 'handler', 'onAck']
PLACES.push('handler, later', 'handler that fails', 'onError', 'aborted', 'asked', 'onDisconnect')

const whoOf = (request: FastifyRequest) => (request.body as { who?: string }).who

for (const transport of TRANSPORTS) {
  for (const how of ['run', 'run, later', 'enterWith', 'enterWith, async', '@fastify/request-context'] as const) {
    t.test(
      `over ${transport}, each socket of a connection sees the store that its hook has set, by ${how}`,
      async (t) => {
        const als = new AsyncLocalStorage<string>()
        t.teardown(() => als.disable())
        const fills: Record<typeof how, JoinHook> = {
          run: (request, _reply, done: HookHandlerDoneFunction) => {
            const who = whoOf(request)
            if (who === undefined) done()
            else als.run(who, done)
          },
          'run, later': (request, _reply, done: HookHandlerDoneFunction) => {
            const who = whoOf(request)
            setImmediate(() => (who === undefined ? done() : als.run(who, done)))
          },
          enterWith: (request, _reply, done) => {
            const who = whoOf(request)
            if (who !== undefined) als.enterWith(who)
            done()
          },
          'enterWith, async': async (request) => {
            const who = whoOf(request)
            if (who !== undefined) als.enterWith(who)
            await null
          },
          '@fastify/request-context': async (request) => {
            const who = whoOf(request)
            if (who !== undefined) request.requestContext.set('who', who)
          },
        }
        const isPlugin = how === '@fastify/request-context'
        const seen = { a: [] as [string, unknown][], b: [] as [string, unknown][], none: [] as [string, unknown][] }
        const app = await build(t, {}, async (app) => void (isPlugin && (await app.register(requestContext))))
        const storage = { get: () => (isPlugin ? app.requestContext.get('who') : als.getStore()) }
        for (const name of ['a', 'b', 'none'] as const)
          app.namespace(`/${name}`, noting(storage, fills[how], seen[name]))

        const a = await app.injectSocket('/a', { transport, auth: { who: 'ada' } })
        const none = await a.join('/none')
        const b = await a.join('/b', { auth: { who: 'bob' } })
        for (const socket of [a, b, none]) socket.on('question', (answer) => answer('yes'))
        // Sent in one chunk.
        await Promise.all([a, none, b].flatMap((socket) => EVENTS.map((event) => socket.emitWithAck(event))))
        for (const socket of [a, none, b]) socket.disconnect()
        const all = () => Object.values(seen)
        await until(() => all().every((list) => list.some(([what]) => what === 'onDisconnect')))
        await until(() => all().every((list) => list.some(([what]) => what === 'aborted')))

        for (const [name, who] of [
          ['a', 'ada'],
          ['b', 'bob'],
          ['none', undefined],
        ] as const) {
          t.strictSame([...new Set(seen[name].map(([what]) => what))].sort(), [...PLACES].sort())
          t.strictSame([...new Set(seen[name].map(([, value]) => value))], [who], `of ${name}`)
        }
      },
    )
  }
}

t.test('events that have waited for onConnect or for an earlier event see the store, too', async (t) => {
  const als = new AsyncLocalStorage<string>()
  t.teardown(() => als.disable())
  const seen: unknown[] = []
  const definition = defineNamespace({
    sequential: true,
    onRequest: (_request, _reply, done) => als.run('ada', done),
    onConnect: () => new Promise((resolve) => setImmediate(resolve)),
    events: {
      next: {
        handler: async () => {
          await new Promise((resolve) => setImmediate(resolve))
          seen.push(als.getStore())
        },
      },
    },
  })
  const app = await build(t, { namespaces: { '/chat': definition } })
  const socket = await app.injectSocket('/chat')
  await Promise.all([1, 2, 3].map(() => socket.emitWithAck('next')))
  t.strictSame(seen, ['ada', 'ada', 'ada'])
})

t.test('after reauthenticate() the store is that of the new request', async (t) => {
  const als = new AsyncLocalStorage<unknown>()
  t.teardown(() => als.disable())
  const definition = defineNamespace({
    onRequest: (request, _reply, done) => als.run(Object(request.body).who, done),
    events: {
      who: { reply: {}, handler: () => als.getStore() },
      renew: { handler: (who, { reauthenticate }) => reauthenticate({ who } as never) },
    },
  })
  const app = await build(t, { namespaces: { '/chat': definition } })
  const socket = await app.injectSocket('/chat', { auth: { who: 'ada' } })
  t.match(await socket.emitWithAck('who'), { data: 'ada' })
  await socket.emitWithAck('renew', 'bob')
  t.match(await socket.emitWithAck('who'), { data: 'bob' })
})

t.test('a connect begins with empty stores, and no scope is kept if no store is set', (t) => {
  const als = new AsyncLocalStorage<number>()
  als.run(1, () => {
    t.ok(captureScope())
    isolate(() => {
      t.equal(als.getStore(), undefined)
      t.equal(captureScope(), undefined)
      als.enterWith(2)
    })
    t.equal(als.getStore(), 1)
  })
  als.disable()
  t.end()
})

t.test('disconnect listeners, any-listeners, namespace listeners and ack callbacks see the store, too', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: [string, unknown][] = []
  const note = (what: string) => () => void seen.push([what, storage.getStore()])
  const app = await build(t, {
    namespaces: {
      '/chat': defineNamespace({
        onRequest: async (request) => storage.enterWith(String(Object(request.body).who)),
        onConnect: ({ socket }) => {
          socket.onAny(note('any'))
          socket.on('disconnecting', note('disconnecting'))
          socket.on('disconnect', note('disconnect'))
          socket.on('go', () => {
            socket.emit('question', note('answered'))
            socket.timeout(60_000).emit('question', note('answered in time'))
          })
        },
      }),
    },
  })
  app.io.of('/chat').on('connection', note('connection'))
  for (const who of ['ann', 'bob']) {
    seen.length = 0
    const socket = await app.injectSocket('/chat', { auth: { who } })
    socket.on('question', (answer: () => void) => answer())
    socket.emit('go')
    await until(() => seen.length === 4)
    socket.disconnect()
    await until(() => seen.length === 6)
    t.strictSame(
      seen.sort(([one], [other]) => one.localeCompare(other)),
      ['answered', 'answered in time', 'any', 'connection', 'disconnect', 'disconnecting'].map((what) => [what, who]),
    )
  }
})
