import { randomBytes } from 'node:crypto'
import type { Socket } from 'socket.io-client'
import * as msgpack from 'socket.io-msgpack-parser'
import t from 'tap'
import { Type } from 'typebox'
import { z } from 'zod'
import { Binary, type NamespacesOptions } from '../../../../plugin/index.js'
import { build, join, listen, next, TRANSPORTS, until } from '../../harness.js'
import { client, number, open, probe, settled } from './stream-harness.js'

/*
 * What a client receives of a stream: items, and the ack that ends it.
 */

const Item = Type.Object({ n: Type.Number() })

async function* count(to: number) {
  for (let n = 0; n < to; n++) yield { n, secret: 'never sent' }
  return { total: to, secret: 'never sent' }
}

const COUNT = { payload: Type.Number(), stream: Item, reply: Type.Object({ total: Type.Number() }), handler: count }

for (const transports of TRANSPORTS) {
  for (const parser of ['socket.io', 'msgpack']) {
    t.test(`items arrive in order, as declared, and the ack after the last: ${transports}, ${parser}`, async (t) => {
      const io: NamespacesOptions['io'] = parser === 'msgpack' ? { parser: msgpack } : {}
      const app = await build(t, { io, namespaces: { '/chat': { events: { count: COUNT } } as never } })
      const url = `http://127.0.0.1:${await listen(app)}`
      const socket = join(t, url, '/chat', { ...(io as object), transports: [...transports] })
      await next(socket, 'connect')
      const stream = open(socket, 'count', 50)
      await stream.end
      t.strictSame(stream.all.slice(0, 2), [
        [stream.id, { n: 0 }],
        [stream.id, { n: 1 }],
      ])
      t.strictSame(
        stream.items,
        Array.from({ length: 50 }, (_, n) => ({ n })),
      )
      t.strictSame(stream.all.at(-1), [{ ok: true, data: { total: 50 } }])
    })
  }
}

t.test('items of the default namespace, of other shapes, and with binary data arrive', async (t) => {
  const data = randomBytes(64)
  const app = await build(t, {
    namespaces: {
      '/': {
        events: {
          any: {
            stream: true,
            async *handler() {
              yield undefined
              yield [1]
              yield 'text'
              yield data
            },
          },
          files: {
            stream: Type.Object({ data: Binary({ maxBytes: 1_000 }) }),
            itemId: () => 7,
            async *handler() {
              yield { data, secret: 1 }
            },
          },
        },
      } as never,
    },
  })
  const socket = (await app.injectSocket('/')) as unknown as Socket
  const any = open(socket, 'any')
  t.strictSame(await any.end, { ok: true })
  t.strictSame(any.items, [null, [1], 'text', data])
  const files = open(socket, 'files')
  await files.end
  t.strictSame(files.all[0], [files.id, { data }, 7])
})

t.test('a handler may return any iterable, or a promise of one', async (t) => {
  const through = (items: unknown) => ({ stream: number, handler: () => items })
  let returned = 0
  const { socket } = await client(t, {
    events: {
      array: through([{ n: 1 }, { n: 2 }]),
      promises: through([Promise.resolve({ n: 1 }), Promise.resolve({ n: 2 })]),
      promised: { stream: number, handler: async () => [{ n: 1 }, { n: 2 }] },
      generator: {
        stream: number,
        *handler() {
          try {
            yield { n: 1 }
            yield { n: 2 }
          } finally {
            returned++
          }
          return 'end'
        },
      },
      iterator: {
        stream: number,
        handler() {
          let n = 0
          return {
            [Symbol.asyncIterator]: () => ({ next: async () => (n < 2 ? { value: { n: ++n } } : { done: true }) }),
          }
        },
      },
    },
  })
  for (const event of ['array', 'promises', 'promised', 'generator', 'iterator']) {
    const { items, end } = open(socket, event)
    t.strictSame(await end, event === 'generator' ? { ok: true, data: 'end' } : { ok: true }, event)
    t.strictSame(items, [{ n: 1 }, { n: 2 }], event)
  }
  t.equal(returned, 1)
})

t.test('items are checked by any schema, also one that is asynchronous', async (t) => {
  const schema = z.object({ n: z.number() }).refine(async ({ n }) => n < 2)
  const { socket } = await client(t, {
    events: {
      count: { stream: schema, handler: () => count(5) },
      late: {
        stream: schema,
        async *handler() {
          yield { n: 0 }
        },
      },
    },
  })
  const { items, end } = open(socket, 'count')
  t.match(await end, { ok: false, error: { code: 'FST_NSP_ITEM_INVALID' } })
  t.strictSame(items, [{ n: 0 }, { n: 1 }])
  t.strictSame(await open(socket, 'late').end, { ok: true })
})

t.test('a client resumes: the handler reads the id of the last item', async (t) => {
  const seen: unknown[] = []
  const { socket } = await client(t, {
    events: {
      count: {
        stream: number,
        itemId: ({ n }: { n: number }) => (n % 2 ? n : String(n)),
        async *handler(_payload: unknown, context: { lastId: unknown }) {
          const { lastId } = context
          seen.push(lastId)
          for (let n = Number(lastId ?? -1) + 1; n < 4; n++) yield { n }
        },
      },
    },
  })
  const first = open(socket, 'count', null, { credits: 2, reads: false })
  await until(() => first.items.length === 2)
  t.strictSame(first.all, [
    [first.id, { n: 0 }, '0'],
    [first.id, { n: 1 }, 1],
  ])
  for (const lastId of first.ids) {
    const { items, end } = open(socket, 'count', null, { lastId })
    t.strictSame(await end, { ok: true })
    t.strictSame(
      items,
      [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }].filter(({ n }) => n > Number(lastId)),
    )
  }
  t.strictSame(seen, [undefined, '0', 1])
})

t.test('an error of the handler ends the stream as it ends any event', async (t) => {
  const failed: unknown[] = []
  const acked: unknown[] = []
  const { socket } = await client(t, {
    eventHooks: {
      onError: (_context: unknown, error: Error) => void failed.push(error.message),
      onAck: (_context: unknown, ack: unknown) => void acked.push(ack),
    },
    events: {
      declared: {
        stream: number,
        errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }) },
        async *handler(_payload: unknown, { error }: { error: (code: string, data: unknown) => Error }) {
          yield { n: 1 }
          throw error('ROOM_FULL', { max: 3, secret: 1 })
        },
      },
      secret: {
        stream: number,
        // biome-ignore lint/correctness/useYield: it throws
        async *handler() {
          throw new Error('secret')
        },
      },
      atOnce: {
        stream: number,
        handler() {
          throw new Error('at once')
        },
      },
      reply: {
        stream: number,
        reply: Type.String(),
        async *handler() {
          yield { n: 1 }
          return {}
        },
      },
    },
  })
  const declared = open(socket, 'declared')
  const end = await declared.end
  t.match(end, { ok: false, error: { code: 'ROOM_FULL', statusCode: 400 } })
  t.strictSame(end.error.details, { max: 3 })
  t.strictSame(declared.items, [{ n: 1 }])
  t.match((await open(socket, 'secret').end).error, { code: 'FST_NSP_INTERNAL', message: 'Internal error' })
  t.match((await open(socket, 'atOnce').end).error, { code: 'FST_NSP_INTERNAL' })
  t.match((await open(socket, 'reply').end).error, { code: 'FST_NSP_REPLY_INVALID' })
  t.strictSame(failed, ['ROOM_FULL', 'secret', 'at once', 'The reply could not be sent'])
  t.equal(acked.length, 4, 'onAck runs once for each')
})

t.test('an item that can not be sent ends the stream with FST_NSP_ITEM_INVALID, and stops the handler', async (t) => {
  const returned: string[] = []
  const yields = (name: string, item: unknown, rest: object = {}) => ({
    [name]: {
      stream: number,
      ...rest,
      async *handler() {
        try {
          yield { n: 1 }
          yield item
          yield { n: 3 }
        } finally {
          returned.push(name)
        }
      },
    },
  })
  const { socket, lines } = await client(t, {
    events: {
      ...yields('wrong', { n: 'x' }),
      ...yields('bigint', { n: 1n }, { stream: true }),
      ...yields('id', { n: 2 }, { itemId: ({ n }: { n: number }) => (n === 1 ? 1 : Number.NaN) }),
      ...yields('long', { n: 2 }, { itemId: ({ n }: { n: number }) => 'x'.repeat(n === 1 ? 1 : 1_025) }),
      ...yields('throws', { n: 2 }, { itemId: ({ n }: { n: number }) => (n === 1 ? 1 : n.toFixed(-1)) }),
      // Its rejection is handled: it would end the process.
      ...yields(
        'late',
        { n: 2 },
        { itemId: ({ n }: { n: number }) => (n === 1 ? 1 : Promise.reject(new Error('late'))) },
      ),
      none: { stream: number, handler: () => 7 },
      nothing: { stream: number, handler: () => undefined },
    },
  })
  for (const event of ['wrong', 'bigint', 'id', 'long', 'throws', 'late', 'none', 'nothing']) {
    const { items, end } = open(socket, event)
    const { ok, error } = await end
    t.match({ ok, error }, { ok: false, error: { code: 'FST_NSP_ITEM_INVALID', statusCode: 500 } }, event)
    t.equal(error.message, 'An item of the stream could not be sent')
    t.ok(
      lines.some(({ errorId, err }) => errorId === error.details.id && Object(err).message),
      'the log says why',
    )
    t.equal(items.length, event.startsWith('no') ? 0 : 1)
  }
  t.strictSame(returned, ['wrong', 'bigint', 'id', 'long', 'throws', 'late'])
})

t.test('a promise in an iterable that rejects is an error of the handler, and stops it', async (t) => {
  const has = () => {
    throw new Error('secret')
  }
  const unreadable = new Proxy({}, { has })
  const returned: string[] = []
  const yields = (name: string, item: () => unknown) => ({
    stream: number,
    errors: { GONE: true },
    *handler() {
      try {
        yield Promise.resolve({ n: 1 })
        yield item()
        yield { n: 3 }
      } finally {
        returned.push(name)
      }
    },
  })
  const { socket } = await client(t, {
    events: {
      declared: yields('declared', () => Promise.reject(Object.assign(new Error('gone'), { code: 'GONE' }))),
      secret: yields('secret', () => Promise.reject(new Error('secret'))),
      unreadable: yields('unreadable', () => unreadable),
    },
  })
  for (const [event, code] of [
    ['declared', 'GONE'],
    ['secret', 'FST_NSP_INTERNAL'],
    ['unreadable', 'FST_NSP_ITEM_INVALID'],
  ] as const) {
    const { items, end } = open(socket, event)
    t.match((await end).error, { code, message: /^(?!secret)/ })
    t.strictSame(items, [{ n: 1 }])
  }
  t.strictSame(returned, ['declared', 'secret', 'unreadable'])
})

t.test('hooks, the payload and the context of a stream are those of any event', async (t) => {
  const seen: unknown[] = []
  const { socket } = await client(t, {
    events: {
      probe,
      count: {
        ...COUNT,
        onEvent: ({ event }: { event: object }) => void seen.push({ ...event }),
        preHandler: async () => void seen.push('preHandler'),
      },
      refused: {
        ...COUNT,
        preValidation: () => Promise.reject(Object.assign(new Error('not you'), { statusCode: 403 })),
      },
    },
  })
  t.match(await open(socket, 'count', '3').end, { ok: true, data: { total: 3 } }, 'the payload is coerced')
  t.match((await open(socket, 'count', 'x').end).error, { code: 'FST_NSP_EVENT_INVALID' })
  t.match((await open(socket, 'refused', 3).end).error, { code: 'FST_NSP_REFUSED' })
  t.strictSame(seen, [
    { name: 'count', payload: '3', wantsAck: true },
    'preHandler',
    { name: 'count', payload: 'x', wantsAck: true },
  ])
  t.equal((await socket.emitWithAck('count', 1, { id: 'x' }, 3)).error.code, 'FST_NSP_STREAM_INVALID')
  t.ok(await settled(socket))
})
