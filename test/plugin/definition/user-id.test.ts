import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { normalizeOptions } from '../../../plugin/definition/normalize/plugin-options.js'
import { toUserId } from '../../../plugin/definition/user-id.js'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { build, logLines, refusal } from '../harness.js'

t.test('an asynchronous userIdOf is refused at boot, with the name of the option', async (t) => {
  const userIdOf = (async () => 'ada') as unknown as NonNullable<NamespacesOptions['userIdOf']>
  t.throws(() => normalizeOptions({ userIdOf }), {
    code: 'FST_NSP_OPTIONS_INVALID',
    message: 'Option userIdOf must not be asynchronous: look up the user in a joining hook',
  })
})

class ObjectId {
  readonly #hex: string

  constructor(hex: string) {
    this.#hex = hex
  }

  toString(): string {
    return this.#hex
  }
}

t.test('an id is converted to a string, and different users have different ids', async (t) => {
  t.strictSame([undefined, null, 'ada', '', 7, 0, 7n, new ObjectId('6f'), ['a', 'b']].map(toUserId), [
    undefined,
    undefined,
    'ada',
    '',
    '7',
    '0',
    '7',
    '6f',
    'a,b',
  ])
  const thenable = Object.defineProperty({ toString: () => 'ada' }, 'then', { value: () => {} })
  const none = [
    [{ id: 1 }],
    Promise.resolve('ada'),
    Promise.reject(new Error('unheard')),
    thenable,
    {},
    { id: 7 },
    new Map(),
    Object.create(null),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    Symbol('ada'),
    () => 'ada',
  ]
  for (const value of none) {
    t.throws(() => toUserId(value), {
      code: 'FST_NSP_USER_ID_INVALID',
      message: /^A user's id must be a string, a number, a bigint, or an object with its own toString\(\): got ./,
    })
  }
  t.throws(() => toUserId(true), { message: /got true$/ })
})

const ids: Record<string, NamespacesOptions['userIdOf']> = {
  'a promise': (() => Promise.resolve('ada')) as never,
  'a plain object': (() => ({})) as never,
  'the default': undefined,
}

for (const [what, userIdOf] of Object.entries(ids)) {
  t.test(`a socket whose user id is invalid is refused, and the log says why: ${what}`, async (t) => {
    const { lines, logger } = logLines()
    const seen: unknown[] = []
    const app = await build(
      t,
      {
        ...(userIdOf && { userIdOf }),
        namespaces: {
          '/chat': { onConnect: () => void seen.push('connected') },
          '/open': {
            events: { again: { handler: (auth, { reauthenticate }) => reauthenticate(auth as object) } },
          },
        },
      },
      (app) => {
        app.addHook('preHandler', async (request) => {
          const { url, body } = request as FastifyRequest<{ Body: { fails?: true } }>
          if (url === '/chat' || Object(body).fails) Object.assign(request, { user: { id: { nested: 'id' } } })
        })
      },
      { logger } as object,
    )
    const error = await refusal(app.injectSocket('/chat'))
    t.match(error, {
      message: 'Internal error',
      data: { code: 'FST_NSP_INTERNAL', statusCode: 500, details: { id: String } },
    })
    const { id } = Object(error.data).details
    t.match(
      lines.filter(({ errorId }) => errorId === id),
      [{ level: 50, namespace: '/chat', err: { code: 'FST_NSP_USER_ID_INVALID' } }],
    )
    t.strictSame(seen, [])
    t.equal(app.io.of('/chat').sockets.size, 0)
    if (userIdOf) return
    const socket = await app.injectSocket('/open')
    t.match(await socket.emitWithAck('again', { fails: true }), { ok: false, error: { code: 'FST_NSP_INTERNAL' } })
    t.ok(socket.connected)
  })
}

t.test('a userIdOf that fails after the socket has connected disconnects the socket', async (t) => {
  const { lines, logger } = logLines()
  const seen: string[] = []
  const app = await build(
    t,
    {
      userIdOf: ({ user }: FastifyRequest & { user?: { id: unknown } }) => user?.id as string,
      namespaces: {
        '/chat': {
          onConnect: () => void seen.push('onConnect'),
          onDisconnect: () => void seen.push('onDisconnect'),
        },
      },
    },
    undefined,
    { logger } as object,
  )
  await app.ready()
  const { requestOf } = await import('../../../plugin/index.js')
  app.io.of('/chat').use((socket, go) => {
    Object.assign(requestOf(socket), { user: { id: {} } })
    go()
  })
  const socket = await app.injectSocket('/chat')
  await new Promise((resolve) => (socket.connected ? socket.once('disconnect', resolve) : resolve(undefined)))
  t.strictSame(seen, [])
  t.match(
    lines.filter(({ level }) => level === 50),
    [{ namespace: '/chat', err: { code: 'FST_NSP_USER_ID_INVALID' }, msg: 'userIdOf failed' }],
  )
})

t.test('disconnectUser() refuses an invalid id', async (t) => {
  const app = await build(t)
  for (const id of [Promise.resolve('ada'), {}, undefined, null]) {
    t.throws(() => app.disconnectUser(id as never), { code: 'FST_NSP_USER_ID_INVALID' })
  }
})
