import type { FastifyReply } from 'fastify'
import * as stock from 'socket.io-parser'
import { PacketType } from 'socket.io-parser'
import t from 'tap'
import { toWireError } from '../../../plugin/shared/client-error.js'
import { withoutDetails } from '../../../plugin/wire/connect-error-packet.js'
import { build, client, logLines, refusal } from '../harness.js'

/*
 * Refusals that can't be encoded: the client gets the part that can be, and the process does not end.
 */

const internal = { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } }
const conflict = { message: 'no', data: { code: 'TAKEN', statusCode: 409 } }

function cyclic(): object {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  return cycle
}

function nested(depth: number): object {
  let value = {}
  for (let rest = depth; rest > 0; rest--) value = { value }
  return value
}

const throwing = () => {
  throw new Error('secret')
}

/** An error of the application, and what the client gets. */
const ERRORS: Record<string, [make: () => unknown, told: typeof internal]> = {
  'details with a BigInt': [() => refused({ details: { list: [{ n: 10n }] } }), conflict],
  'details with a cycle': [() => refused({ details: cyclic() }), conflict],
  'details that are nested too deeply': [() => refused({ details: nested(100_000) }), conflict],
  'details that throw': [() => refused({}, 'details'), conflict],
  'details with a getter that throws': [
    () => refused({ details: Object.defineProperty({}, 'part', { enumerable: true, get: throwing }) }),
    conflict,
  ],
  'details whose toJSON throws': [() => refused({ details: { toJSON: throwing } }), conflict],
  'details that are a function': [() => refused({ details: () => {} }), conflict],
  'details that are a revoked proxy': [
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return refused({ details: proxy })
    },
    conflict,
  ],
  'a code that throws': [() => refused({}, 'code'), internal],
  'a status that throws': [() => refused({}, 'statusCode'), internal],
  'a message that throws': [() => refused({}, 'message'), internal],
  'a message that is not a string': [() => refused({ message: 7n }), internal],
  'no prototype': [
    () => Object.assign(Object.create(null), { statusCode: 409, code: 'TAKEN', message: 'no' }),
    conflict,
  ],
  'a proxy whose every trap throws': [
    () => new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing, ownKeys: throwing }),
    internal,
  ],
}

function refused(fields: object, getter?: string): Error {
  const error = Object.assign(new Error('no'), { statusCode: 409, code: 'TAKEN' })
  for (const [name, value] of Object.entries(fields)) Object.defineProperty(error, name, { value, enumerable: true })
  if (getter) Object.defineProperty(error, getter, { enumerable: true, get: throwing })
  return error
}

/** A refusal without the id under which it is logged. */
function withoutId({ message, data }: { message: string; data: unknown }) {
  const { details, ...rest } = data as { details?: { id?: string } }
  return { message, data: { ...rest, ...(details !== undefined && !details.id && { details }) } }
}

for (const [what, [make, told]] of Object.entries(ERRORS)) {
  t.test(`a refusal that can't be encoded is sent without the part that can't: ${what}`, async (t) => {
    const { lines, logger } = logLines()
    const app = await build(
      t,
      {
        namespaces: {
          '/thrown': {
            preHandler: async () => {
              throw make()
            },
          },
          '/done': { onRequest: (_request, _reply, done) => done(make() as Error) },
          '/sent': { preValidation: async (_request, reply) => reply.send(make()) },
          '/context': {},
          '/expiring': {
            expiresAt: () => {
              throw make()
            },
          },
        },
      },
      (app) => {
        app.addHook('onRequest', async ({ method, url }) => {
          if (method === 'CONNECT' && url === '/context') throw make()
        })
      },
      { logger } as object,
    )
    for (const name of ['/thrown', '/done', '/context', '/expiring']) {
      t.strictSame(withoutId(await refusal(app.injectSocket(name))), told, name)
    }
    // A sent value that is not an Error is a reply of the application, with its own message.
    const { data } = await refusal(app.injectSocket('/sent'))
    t.match(data, { code: String, statusCode: Number })
    t.notMatch(JSON.stringify(data), 'secret')
    if (what.startsWith('details') && what !== 'details that are a function') {
      t.ok(
        lines.some(({ level, msg }) => level === 50 && msg === 'the details of an error can not be sent'),
        'the log has it',
      )
    }
  })

  t.test(`an error of a namespace's middleware does not end the process: ${what}`, async (t) => {
    const { lines, logger } = logLines()
    const app = await build(t, { namespaces: { '/thrown': {}, '/refused': {}, '/data': {} } }, undefined, {
      logger,
    } as object)
    app.io.of('/thrown').use(() => {
      throw make()
    })
    app.io
      .of('/words')
      .use((_socket, next) => next(Object.assign(new Error('no'), { data: { code: 'X', statusCode: 418, n: 10n } })))
    app.io.of('/refused').use((_socket, next) => next(make() as Error))
    app.io.of('/data').use((_socket, next) => next(Object.assign(new Error('no'), { data: make() })))
    t.strictSame(withoutId(await refusal(app.injectSocket('/thrown'))), told)
    for (const name of ['/refused', '/data']) t.match(await refusal(app.injectSocket(name)), { message: String }, name)
    t.strictSame(await refusal(app.injectSocket('/words')), { message: 'no', data: { code: 'X', statusCode: 418 } })
    t.ok(lines.some(({ level }) => level === 50))
  })

  t.test(`an event refused with such an error does not end the process: ${what}`, async (t) => {
    const { app, socket } = await client(t, {
      events: {
        declared: {
          onEvent: () => {
            throw make()
          },
          handler: () => {},
        },
      },
      onConnect: ({ socket }) => {
        socket.on('listened:for', () => {
          throw make()
        })
      },
    })
    for (const event of ['declared', 'listened:for']) {
      const { ok, error } = await socket.emitWithAck(event)
      t.equal(ok, false)
      const { message, ...data } = error
      t.strictSame(withoutId({ message, data }), told, event)
    }
    t.equal(app.io.of('/chat').sockets.size, 1)
  })

  t.test(`toWireError() returns an error that can be encoded: ${what}`, async (t) => {
    t.doesNotThrow(() => JSON.stringify(toWireError(make())))
    t.equal(toWireError(make()).code, told.data.code)
  })
}

const REPLIES: Record<string, (reply: FastifyReply) => unknown> = {
  'a BigInt': (reply) => reply.code(403).send({ code: 'NO', message: 'no', details: { n: 10n } }),
  'a cycle': (reply) => reply.code(403).send({ code: 'NO', message: 'no', details: cyclic() }),
  'JSON that is nested too deeply': (reply) => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    return reply.code(403).type('application/json').send(`{"code":"NO","message":"no","details":${deep}}`)
  },
  'a code and a message that are not strings': (reply) =>
    reply.code(403).send({ code: { a: 1 }, message: ['no'], details: null }),
}

for (const [what, hook] of Object.entries(REPLIES)) {
  t.test(`a reply that can't be encoded still refuses the connect: ${what}`, async (t) => {
    const app = await build(t, {
      namespaces: { '/chat': { preHandler: async (_request, reply) => hook(reply) as never } },
    })
    t.match(await refusal(app.injectSocket('/chat')), { message: String, data: { code: String, statusCode: Number } })
  })
}

t.test('namespace:disconnect is sent, whatever the type of the reason', async (t) => {
  const { app } = await client(t, {}, { userIdOf: () => 'ada' })
  const reasons = [10n, {}, Symbol('no'), Object.create(null), 7, null, cyclic()] as unknown as string[]
  for (const reason of reasons) {
    const socket = await app.injectSocket('/chat')
    const why = socket.nextEvent('namespace:disconnect')
    t.ok(app.disconnectUser('ada', reason) >= 1)
    t.strictSame(await why, {
      code: 'FST_NSP_USER_DISCONNECTED',
      statusCode: 403,
      message: 'The user was disconnected',
    })
  }
})

t.test(
  "an application's parser that throws does not end the process; a user that can't be notified is disconnected",
  async (t) => {
    const { lines, logger } = logLines()
    class Encoder extends stock.Encoder {
      override encode(packet: stock.Packet) {
        const { data } = Object(packet.data) as { data?: { details?: unknown } }
        if (packet.type === PacketType.CONNECT_ERROR && data?.details) throw new Error('no details')
        if (packet.type === PacketType.EVENT) throw new Error('no events')
        return super.encode(packet)
      }
    }
    const app = await build(
      t,
      {
        io: { parser: { Encoder, Decoder: stock.Decoder } },
        userIdOf: () => 'ada',
        namespaces: {
          '/chat': {},
          '/no': {
            preHandler: async () => {
              throw refused({ details: { a: 1 } })
            },
          },
        },
      },
      undefined,
      { logger } as object,
    )
    t.strictSame(await refusal(app.injectSocket('/no')), conflict)
    const socket = await app.injectSocket('/chat')
    const gone = new Promise((resolve) => socket.once('disconnect', resolve))
    app.disconnectUser('ada')
    t.equal(await gone, 'io server disconnect')
    const errors = lines.filter(({ level }) => level === 50).map(({ msg }) => msg)
    t.strictSame(errors, ['the details of an error can not be sent', 'the reason of a disconnect can not be sent'])
  },
)

t.test('a refusal that fails in the encoder is sent without its details', async (t) => {
  const base = { type: PacketType.CONNECT_ERROR, nsp: '/' }
  const told = (data: unknown) => withoutDetails({ ...base, data } as stock.Packet).data
  t.strictSame(told({ message: 'no', data: { code: 'X', statusCode: 409, details: 10n } }), {
    message: 'no',
    data: { code: 'X', statusCode: 409 },
  })
  t.strictSame(told({ message: 'no', data: { code: 7, statusCode: '409' } }), {
    message: 'no',
    data: { code: 'FST_NSP_REFUSED', statusCode: 403 },
  })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  for (const data of [{ message: 10n }, 'text', undefined, { message: 'no', data: proxy }]) {
    t.strictSame(told(data), internal)
  }
})

t.test('a refusal of Socket.IO with data that is null is sent', async (t) => {
  const app = await build(t, { namespaces: { '/chat': {} } })
  app.io.of('/null').use((_socket, next) => next(Object.assign(new Error('no'), { data: null })))
  t.match(await refusal(app.injectSocket('/null')), { message: 'no' })
})
