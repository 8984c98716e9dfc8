import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Socket } from 'socket.io'
import { Adapter } from 'socket.io-adapter'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { WirePolling, WireSocket } from '../../wire/wire.js'
import { build, listen, logLines, refusal, until, withResolvers } from '../harness.js'

/*
 * A join releases what it has taken, at whatever point it ends.
 */

const late = { message: 'The admission took too long', data: { code: 'FST_NSP_ADMISSION_TIMEOUT', statusCode: 503 } }

async function serve(t: Test, options: NamespacesOptions, prepare?: (app: FastifyInstance) => unknown) {
  const { lines, logger } = logLines()
  const app = await build(t, options, prepare, { logger } as object)
  return { app, lines, port: await listen(app) }
}

/** Sends a packet and returns the next one that is received; closed with its test. */
async function open(t: Test, port: number) {
  const wire = await WireSocket.open(port)
  t.teardown(() => wire.end())
  const ask = async (text: string): Promise<string> => {
    wire.say(text)
    return String(await wire.next())
  }
  return { wire, ask }
}

/** Everything that joins leave behind: live namespaces, and sockets that have not connected. */
function remains({ io }: FastifyInstance): string[] {
  const waiting = [...io._nsps.values()].flatMap(({ name, ...namespace }) => {
    const { _preConnectSockets: sockets } = namespace as unknown as { _preConnectSockets: Map<string, Socket> }
    return [...sockets.values()].map(() => `on the way to ${name}`)
  })
  return [...io._nsps.keys(), ...waiting]
}

t.test(
  'a connection that ends releases the places of its joins: five that join twice and end keep nobody out',
  async (t) => {
    const { app, port } = await serve(t, { namespaces: { '/orgs/:id': {} }, limits: { dynamicNamespaces: 5 } })
    for (let id = 0; id < 5; id++) {
      const { wire, ask } = await open(t, port)
      const joined = await ask(`40/orgs/${id},`)
      t.match(joined, /^40\/orgs\/\d,{"sid":"[^"]+","pid":"[^"]+"}$|^40\/orgs\/\d,{"sid":"[^"]+"}$/)
      wire.say(`40/orgs/${id},`)
      wire.say(`40/orgs/${id + 10},`)
      await wire.next()
      await wire.end()
    }
    await until(() => app.io.engine.clientsCount === 0)
    await until(() => app.io._nsps.size === 1)
    t.strictSame(remains(app), ['/'])
    await app.injectSocket('/orgs/99')
  },
)

t.test('a repeated CONNECT is answered as one join, and the connection stays open', async (t) => {
  const seen: string[] = []
  const namespaces = {
    '/chat': { onConnect: ({ socket }: { socket: { id: string } }) => void seen.push(socket.id) },
    '/orgs/:id': {},
  }
  const { app, port } = await serve(t, { namespaces, limits: { namespacesPerConnection: 3 } })
  app.io.of('/plain')
  const { ask } = await open(t, port)
  for (const address of ['/chat', '/orgs/1', '/plain']) {
    const answer = await ask(`40${address},`)
    t.match(answer, `40${address},{"sid"`)
    t.equal(await ask(`40${address},`), answer, address)
    t.equal(await ask(`40${address},{"token":"x"}`), answer, address)
    t.equal(app.io.of(address).sockets.size, 1)
  }
  t.equal(seen.length, 1)
  t.equal(app.io.engine.clientsCount, 1)

  const polling = await WirePolling.open(port)
  await polling.post('40/chat,\x1e40/chat,')
  const first = (await polling.poll())?.body
  await polling.post('40/chat,')
  t.equal((await polling.poll())?.body, first)
  await polling.post('1')
})

t.test('a repeated CONNECT of protocol 3 keeps the connection open, too', async (t) => {
  const { app, port } = await serve(t, { io: { allowEIO3: true }, namespaces: { '/': {}, '/orgs/:id': {} } })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=3&transport=websocket`)
  t.teardown(() => socket.terminate())
  const lines: string[] = []
  socket.on('message', (data) => lines.push(String(data)))
  await until(() => lines.length === 2)
  socket.send('40/orgs/1?token=a,')
  socket.send('40/orgs/1?token=b,')
  await until(() => lines.length === 3)
  socket.send('40/orgs/1,')
  socket.send('40')
  await until(() => lines.length === 5)
  t.strictSame(lines.slice(1), ['40', '40/orgs/1,', '40/orgs/1,', '40'])
  socket.send('40/nowhere,')
  await until(() => lines.length === 6)
  t.match(lines[5], /^44\/nowhere,{"code":"FST_NSP_NAMESPACE_UNKNOWN"/)
  t.equal(app.io.of('/orgs/1').sockets.size, 1)
})

t.test('a CONNECT after a DISCONNECT is a new join, also in one chunk', async (t) => {
  const { app, port } = await serve(t, { namespaces: { '/chat': {} } })
  const polling = await WirePolling.open(port)
  const sids: string[] = []
  for (let turn = 0; turn < 3; turn++) {
    await polling.post(turn === 0 ? '40/chat,' : '41/chat,\x1e40/chat,\x1e40/chat,')
    const { sid } = JSON.parse(String((await polling.poll())?.body).slice('40/chat,'.length))
    sids.push(sid)
    t.strictSame([...app.io.of('/chat').sockets.keys()], [sid])
  }
  t.equal(new Set(sids).size, 3)
  // The socket has left before it was handled.
  await polling.post('40/chat,\x1e1')
  await until(() => app.io.engine.clientsCount === 0)
})

/** Phases in which a join can stay pending forever. */
const PHASES: Record<string, (app: FastifyInstance, reached: () => void) => void> = {
  'a hook that never settles': (app, reached) => {
    app.namespace('/lost/:id', {
      preHandler: () => {
        reached()
        return new Promise<void>(() => {})
      },
    })
  },
  'a middleware that never calls next': (app, reached) => {
    app.namespace('/lost/:id', {})
    app.io.on('new_namespace', (namespace) => {
      namespace.use(reached)
    })
  },
  'a middleware of a namespace of the application': (app, reached) => {
    app.io.of('/lost/1').use(reached)
  },
  "a middleware of Socket.IO's own dynamic namespaces": (app, reached) => {
    app.io.of(/^\/lost/).use(reached)
  },
  "the callback of Socket.IO's own dynamic namespaces": (app, reached) => {
    app.io.of(() => reached())
  },
}

for (const [phase, setUp] of Object.entries(PHASES)) {
  t.test(`a connection that is lost in ${phase} leaves nothing behind`, async (t) => {
    let count = 0
    const { lines, logger } = logLines()
    const app = await build(t, { namespaces: {} }, undefined, { logger } as object)
    setUp(app, () => void count++)
    const port = await listen(app)
    const before = new Set(remains(app))
    const { wire } = await open(t, port)
    wire.say('40/lost/1,')
    await until(() => count === 1)
    await wire.end()
    await until(() => app.io.engine.clientsCount === 0)
    for (const each of remains(app)) t.ok(before.has(each) || each === '/lost/1', each)
    t.notOk(remains(app).includes('on the way to /lost/1'))
    if (phase.endsWith('next') || phase.includes('hook')) t.notOk(app.io._nsps.has('/lost/1'))
    t.strictSame(
      lines.filter(({ level }) => Number(level) >= 50),
      [],
    )
  })

  t.test(`a join that is pending in ${phase} is refused after admissionTimeoutMs and frees its place`, async (t) => {
    let count = 0
    const app = await build(t, { admissionTimeoutMs: 30, limits: { namespacesPerConnection: 1 }, namespaces: {} })
    setUp(app, () => void count++)
    const { ask } = await open(t, await listen(app))
    for (let turn = 1; turn <= 3; turn++) {
      t.strictSame(JSON.parse((await ask('40/lost/1,')).slice('44/lost/1,'.length)), late)
      t.equal(count, turn)
      t.notOk(remains(app).includes('on the way to /lost/1'))
    }
  })
}

/** An adapter that restores a session when `release` is called. */
function slowRecovery() {
  const calls: ((session: object | undefined) => void)[] = []
  class SlowAdapter extends Adapter {
    override restoreSession(): never {
      return new Promise((resolve) => calls.push(resolve)) as never
    }
  }
  return { calls, io: { adapter: SlowAdapter as never, connectionStateRecovery: {} } }
}

t.test(
  "a join to a child of Socket.IO's own dynamic namespaces that is lost or refused leaves no child behind",
  async (t) => {
    let letIn: (() => void) | undefined
    const app = await build(t, { io: { cleanupEmptyChildNamespaces: true }, namespaces: {} })
    const parent = app.io.of((name, auth, allow) => {
      if (Object(auth).now) allow(null, true)
      else letIn = () => allow(null, name.startsWith('/lost/'))
    }) as ReturnType<typeof app.io.of> & { readonly children: ReadonlySet<unknown> }
    const port = await listen(app)
    const childrenOf = () => [[...app.io._nsps.keys()], parent.children.size]

    const lost = await open(t, port)
    lost.wire.say('40/lost/1,')
    await until(() => letIn !== undefined)
    await lost.wire.end()
    await until(() => app.io.engine.clientsCount === 0)
    letIn?.()
    t.strictSame(childrenOf(), [['/'], 0], 'no join is pending')

    // One client is joining the child that another one has left.
    const { wire } = await open(t, port)
    wire.say('40/lost/2,')
    letIn = undefined
    await until(() => letIn !== undefined)
    const ask = letIn as unknown as () => void
    const last = await open(t, port)
    last.wire.say('40/lost/2,{"now":true}')
    t.match(await last.wire.next(), /^40\/lost\/2,{"sid"/)
    await wire.end()
    await until(() => app.io.engine.clientsCount === 1)
    ask()
    t.strictSame(childrenOf(), [['/', '/lost/2'], 1], 'one socket has joined')
    last.wire.say('41/lost/2,')
    await until(() => parent.children.size === 0)
    t.strictSame(childrenOf(), [['/'], 0])
  },
)

for (const [what, io] of [
  ['a pattern', (app: FastifyInstance) => app.io.of(/^\/two\/\d+$/)],
  ['a function', (app: FastifyInstance) => app.io.of((name, _auth, allow) => setImmediate(allow, null, name !== '/'))],
] as const) {
  t.test(`a child of ${what} counts once towards the namespaces of a connection, and frees its place`, async (t) => {
    const app = await build(t, { limits: { namespacesPerConnection: 2 }, namespaces: {} })
    io(app).on('connection', () => {})
    const { wire } = await open(t, await listen(app))
    for (let round = 0; round < 3; round++) {
      wire.say('40/two/1,')
      wire.say('40/two/2,')
      wire.say('40/two/3,')
      const answers = [await wire.next(), await wire.next(), await wire.next()].map((answer) =>
        String(answer).slice(0, 9),
      )
      t.strictSame(answers.sort(), ['40/two/1,', '40/two/2,', '44/two/3,'])
      wire.say('41/two/1,')
      wire.say('41/two/2,')
      await until(() => ['/two/1', '/two/2'].every((name) => app.io.of(name).sockets.size === 0))
    }
  })
}

t.test('a recovery that never ends holds nothing, and its late result is ignored', async (t) => {
  const { calls, io } = slowRecovery()
  const seen: unknown[] = []
  const { app, port } = await serve(t, {
    io,
    admissionTimeoutMs: 300,
    namespaces: { '/orgs/:id': { onConnect: ({ request }) => void seen.push(request.body) } },
  })
  const { wire, ask } = await open(t, port)
  t.match(await ask('40/orgs/1,{"pid":"x","token":"old"}'), '44/orgs/1,{"message":"The admission took too long"')
  t.strictSame(remains(app), ['/'])
  t.match(await ask('40/orgs/1,{"token":"new"}'), '40/orgs/1,{"sid"')
  calls[0]?.({ sid: 'a', pid: 'x', rooms: [], data: {}, missedPackets: [] })
  t.match(await ask('40/orgs/2,'), '40/orgs/2,{"sid"', 'no other answer came before this one')
  t.equal(app.io.of('/orgs/1').sockets.size, 1)
  t.strictSame(seen, [{ token: 'new' }, {}])
  t.strictSame(remains(app), ['/', '/orgs/1', '/orgs/2'])

  wire.say('40/orgs/3,{"pid":"x"}')
  await until(() => calls.length === 2)
  t.ok(app.io._nsps.has('/orgs/3'))
  await wire.end()
  await until(() => app.io._nsps.size === 1)
  calls[1]?.(undefined)
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(remains(app), ['/'])
})

t.test('a middleware that calls next, or fails, after the time limit is ignored', async (t) => {
  const calls: ((error?: Error) => void)[] = []
  const seen: unknown[] = []
  const { app, port } = await serve(t, {
    admissionTimeoutMs: 30,
    namespaces: { '/chat': { onConnect: () => void seen.push('connected') } },
  })
  app.io.of('/chat').use((_socket, next) => void calls.push(next))
  const { ask } = await open(t, port)
  for (const error of [undefined, new Error('No')]) {
    t.match(await ask('40/chat,'), '"FST_NSP_ADMISSION_TIMEOUT"')
    calls.pop()?.(error)
    t.match(await ask('40/nowhere,'), '44/nowhere', 'no other answer came before this one')
  }
  t.strictSame(seen, [])
  t.strictSame(remains(app), ['/', '/chat'])
})

t.test(
  'a place counts from the CONNECT to the end of the socket, and is freed by a refusal or a disconnect',
  async (t) => {
    const { app, port } = await serve(t, {
      limits: { namespacesPerConnection: 2 },
      namespaces: {
        '/chat': {},
        '/no': { preHandler: async (_request, reply) => reply.code(401).send() },
        '/orgs/:id': {},
      },
    })
    app.io.of('/refused').use((_socket, next) => next(new Error('Refused')))
    app.io.of('/broken').use(() => {
      throw new Error('broken')
    })
    app.io.of(/^\/parent/).use((_socket, next) => next(new Error('Refused')))
    app.io.of(/^\/bug/).use(() => {
      throw new Error('broken')
    })
    const { wire, ask } = await open(t, port)
    t.match(await ask('40/chat,'), '40/chat,{"sid"')
    for (let turn = 0; turn < 3; turn++) {
      for (const address of ['/no', '/nowhere', '/refused', '/broken', '/parent', '/bug']) {
        t.match(await ask(`40${address},`), `44${address},{"message"`)
      }
      t.match(await ask('40/orgs/1,'), '40/orgs/1,{"sid"')
      t.match(await ask('40/orgs/2,'), '"FST_NSP_NAMESPACES_LIMIT"')
      if (turn > 0) {
        app.io.of('/orgs/1').disconnectSockets()
        t.equal(await wire.next(), '41/orgs/1,')
      } else wire.say('41/orgs/1,')
    }
  },
)

t.test('a listener of the application that throws as a socket connects keeps no place taken', async (t) => {
  const { app, port, lines } = await serve(t, { namespaces: { '/orgs/:id': {} } })
  app.io.on('new_namespace', (namespace) => {
    namespace.on('connect', () => {
      throw new Error('broken')
    })
  })
  const { wire } = await open(t, port)
  wire.say('40/orgs/1,')
  await until(() => lines.some(({ msg }) => msg === 'listener of a namespace failed'))
  await wire.end()
  await until(() => app.io._nsps.size === 1)
})

const answers: Record<string, [hook: (reply: FastifyReply) => unknown, told: object]> = {
  'a refusal': [
    (reply) => reply.header('connection', 'close').code(401).send({ code: 'NO_PASS', message: 'No' }),
    { message: 'No', data: { code: 'NO_PASS', statusCode: 401 } },
  ],
  'a refusal with 503': [
    (reply) => reply.header('Connection', 'close').code(503).send({ code: 'LATER', message: 'Later' }),
    { message: 'Later', data: { code: 'LATER', statusCode: 503 } },
  ],
  'a refusal past the reply': [
    (reply) => void reply.hijack().raw.setHeader('connection', 'close').writeHead(503).end('Taken'),
    { message: 'Taken', data: { code: 'FST_NSP_REFUSED', statusCode: 503 } },
  ],
  'an error that looks like ours of a closing': [
    () => {
      throw Object.assign(new Error('Mine'), { code: 'FST_NSP_CLOSING', statusCode: 409 })
    },
    { message: 'Mine', data: { code: 'FST_NSP_CLOSING', statusCode: 409 } },
  ],
}

for (const [what, [hook, told]] of Object.entries(answers)) {
  t.test(`a hook that closes the connection of its response refuses like any other: ${what}`, async (t) => {
    for (const logger of [false, true]) {
      const app = await build(
        t,
        {
          namespaces: {
            '/chat': {},
            '/definition': { preHandler: async (_request, reply) => hook(reply) as never },
          },
        },
        (app) => {
          app.addHook('onRequest', async (request, reply) => {
            return request.method === 'CONNECT' && request.url === '/chat' ? hook(reply) : undefined
          })
        },
        { logger: logger && { level: 'silent' } },
      )
      for (const address of ['/chat', '/definition']) t.strictSame(await refusal(app.injectSocket(address)), told)
    }
  })
}

t.test('a connect without an answer, because the server is closing, is refused after the time limit', async (t) => {
  const heard: string[] = []
  const isSeen = withResolvers()
  const { app, port } = await serve(
    t,
    { admissionTimeoutMs: 30, namespaces: { '/chat': {}, '/late': {} } },
    // Runs before the plugin's own hook: by then Fastify answers every request with a 503.
    (app) => app.addHook('preClose', () => isSeen.promise),
  )
  const { wire, ask } = await open(t, port)
  await ask('40/chat,')
  const closed = app.close()
  await until(() => app.server.listening)
  heard.push(await ask('40/late,'))
  isSeen.resolve()
  await closed
  t.match(heard, ['44/late,{"message":"The admission took too long"'])
  t.match(await wire.next(), { closed: Number })
})

t.test('no part of a join starts after its end, by its time limit or by its connection', async (t) => {
  for (const end of ['time', 'connection', 'socket']) {
    const seen: string[] = []
    const released = withResolvers()
    const { app, port } = await serve(
      t,
      {
        admissionTimeoutMs: end === 'time' ? 30 : 10_000,
        namespaces: {
          '/chat': {
            onRequest: async ({ body }) => {
              if ((body as { slow?: boolean }).slow) seen.push('onRequest')
              if ((body as { slow?: boolean }).slow) await released.promise
            },
            preValidation: async () => void seen.push('preValidation'),
            preHandler: async () => void seen.push('preHandler'),
            expiresAt: () => void seen.push('expiresAt'),
            onConnect: () => void seen.push('onConnect'),
            events: {
              again: { handler: (auth, { reauthenticate }) => reauthenticate(auth as object) },
            },
          },
        },
      },
      (app) => app.addHook('onResponse', async ({ method }) => void (method === 'CONNECT' && seen.push('onResponse'))),
    )
    const { wire, ask } = await open(t, port)
    if (end === 'socket') {
      await ask('40/chat,')
      await until(() => seen.includes('onResponse'))
      seen.length = 0
      wire.say('42/chat,["again",{"slow":true}]')
    } else wire.say('40/chat,{"slow":true}')
    await until(() => seen.includes('onRequest'))
    if (end === 'connection') await wire.end()
    else if (end === 'socket') wire.say('41/chat,')
    else t.match(await wire.next(), '"FST_NSP_ADMISSION_TIMEOUT"')
    await until(() => seen.includes('onResponse'))
    released.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    t.strictSame(seen, ['onRequest', 'onResponse'], end)
    t.equal(app.io.of('/chat').sockets.size, 0)
  }
})

t.test('a reauthenticate is limited by admissionTimeoutMs, too, and changes nothing', async (t) => {
  const { port } = await serve(t, {
    admissionTimeoutMs: 300,
    namespaces: {
      '/chat': {
        preHandler: ({ body }, _reply, done) => {
          if (!(body as { slow?: boolean }).slow) done()
        },
        events: { again: { handler: (auth, { reauthenticate }) => reauthenticate(auth as object) } },
      },
    },
  })
  const { ask } = await open(t, port)
  await ask('40/chat,')
  t.match(
    await ask('42/chat,1["again",{"slow":true}]'),
    '43/chat,1[{"ok":false,"error":{"code":"FST_NSP_ADMISSION_TIMEOUT"',
  )
  t.match(await ask('42/chat,2["again",{}]'), '43/chat,2[{"ok":true')
})

t.test('a namespace whose callback answers too late is not joined, and can be joined again', async (t) => {
  const decisions: ((error: Error | null, isAllowed: boolean) => void)[] = []
  const app = await build(t, { admissionTimeoutMs: 300, namespaces: {} })
  app.io.of((_name, _auth, decide) => void decisions.push(decide as never)).on('connection', () => {})
  const { ask } = await open(t, await listen(app))
  for (const isAllowed of [false, true]) {
    t.match(await ask('40/rooms/1,'), '"FST_NSP_ADMISSION_TIMEOUT"')
    decisions.pop()?.(null, isAllowed)
    t.match(await ask('40/orgs?,'), '"FST_NSP_ADMISSION_TIMEOUT"', 'no other answer came before this one')
    decisions.pop()?.(null, false)
  }
  t.match(await ask('40/rooms/1,'), '40/rooms/1,{"sid"')
})

t.test(
  'a client that is admitted while the server closes receives no CONNECT_ERROR, and no namespace is made',
  async (t) => {
    const [asked, handled, released, done] = [withResolvers(), withResolvers(), withResolvers(), withResolvers()]
    const { app, lines, port } = await serve(t, {
      closeTimeoutMs: 5_000,
      namespaces: {
        '/chat': {
          events: {
            wait: {
              handler: () => {
                handled.resolve()
                return done.promise
              },
            },
          },
        },
        '/orgs/:id': {
          preHandler: () => {
            asked.resolve()
            return released.promise
          },
        },
      },
    })
    const { wire, ask } = await open(t, port)
    await ask('40/chat,')
    wire.say('42/chat,["wait"]')
    wire.say('40/orgs/1,')
    await Promise.all([asked.promise, handled.promise])
    const closed = app.close()
    t.match(await ask('42/chat,1["wait"]'), '"FST_NSP_CLOSING"', 'it closes')
    released.resolve()
    await until(() => lines.some(({ code }) => code === 'FST_NSP_CLOSING'))
    t.notOk(app.io._nsps.has('/orgs/1'))
    done.resolve()
    await closed
    t.match(await wire.next(), { closed: Number })
  },
)

t.test('a pending join takes a place, and its end frees it', async (t) => {
  const { promise, resolve } = withResolvers()
  const { port } = await serve(t, {
    namespaces: { '/slow': { onRequest: () => promise }, '/other': {} },
    limits: { namespacesPerConnection: 1 },
  })
  const { wire, ask } = await open(t, port)
  wire.say('40/slow,')
  t.match(await ask('40/other,'), /^44\/other,.*FST_NSP_NAMESPACES_LIMIT/)
  resolve()
  t.match(await wire.next(), /^40\/slow,/)
  wire.say('41/slow,')
  t.match(await ask('40/other,'), /^40\/other,/)
})
