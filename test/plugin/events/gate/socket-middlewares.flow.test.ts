import type { Socket } from 'socket.io'
import t from 'tap'
import { chunkOf, enter, inBothModes, stage, until as wireUntil } from '../../fast-path-harness.js'
import { client, next, until, withResolvers } from '../../harness.js'

/*
 * Middlewares of `socket.use()` run for every event, also for declared ones, as with Socket.IO.
 */

const FORBIDDEN = { ok: false, error: { code: 'FST_NSP_REFUSED', statusCode: 403, message: 'not you' } }
const INTERNAL = { ok: false, error: { code: 'FST_NSP_INTERNAL', statusCode: 500, message: 'Internal error' } }
const UNKNOWN = { ok: false, error: { code: 'FST_NSP_EVENT_UNKNOWN', statusCode: 404, message: /^Unknown event / } }
const TIMEOUT = {
  ok: false,
  error: { code: 'FST_NSP_HANDLER_TIMEOUT', statusCode: 503, message: / took longer than \w+TimeoutMs \(\d+ ms\)$/ },
}

const notYou = () => Object.assign(new Error('not you'), { statusCode: 403 })

t.test('a declared event that a socket middleware refuses never reaches its handler', async (t) => {
  const handled: unknown[] = []
  const errors: string[] = []
  const { socket, lines } = await client(t, {
    onConnect: ({ socket }) => {
      ;(socket as Socket).on('error', ({ message }) => void errors.push(message))
      socket.use(([, how], next) => {
        if (how === 'refused') return next(notYou())
        if (how === 'forbidden') return next(new Error('forbidden'))
        if (how === 'odd') return next('odd' as never)
        if (how === 'throws') throw new Error('secret')
        if (how === 'throws nothing') throw undefined
        if (how === 'rejects') return Promise.reject(new Error('secret')) as never
        next()
      })
    },
    events: { declared: { handler: (payload) => void handled.push(payload) } },
  })
  t.strictSame(await socket.emitWithAck('declared', 'refused'), FORBIDDEN)
  for (const how of ['forbidden', 'odd', 'throws', 'throws nothing', 'rejects']) {
    const { error } = await socket.emitWithAck('declared', how)
    t.match({ ok: false, error }, INTERNAL, how)
    t.match(
      lines.find(({ errorId }) => errorId === error.details.id),
      { msg: 'middleware failed', event: 'declared', namespace: '/chat' },
      how,
    )
  }
  socket.emit('declared', 'refused')
  t.strictSame(await socket.emitWithAck('declared', 'well'), { ok: true })
  t.strictSame(handled, ['well'])
  await until(() => errors.length === 7)
  t.strictSame(errors.slice(0, 5), ['not you', 'forbidden', 'Internal error', 'secret', 'Internal error'])
})

t.test('a socket middleware runs for listened and unknown events, too, after the onAny listeners', async (t) => {
  const order: string[] = []
  const { socket } = await client(t, {
    onConnect: ({ socket }) => {
      socket.on('listened', (ack) => {
        order.push('listener')
        ack('heard')
      })
      const chained = socket
        .use(function (this: unknown, [event], next) {
          order.push(`first ${event} ${this === socket}`)
          next()
          order.push('behind the second')
        } as Parameters<Socket['use']>[0])
        .use(async ([event], next) => {
          order.push(`second ${event}`)
          next()
        })
      order.push(String(chained === socket))
    },
    events: { declared: { handler: () => void order.push('handler') } },
  })
  t.strictSame(await socket.emitWithAck('declared'), { ok: true })
  t.match(await socket.emitWithAck('unknown'), UNKNOWN)
  t.equal(await socket.emitWithAck('listened'), 'heard')
  t.strictSame(order, [
    'true',
    ...['first declared true', 'second declared', 'handler', 'behind the second'],
    ...['first unknown true', 'second unknown', 'behind the second'],
    ...['first listened true', 'second listened', 'behind the second', 'listener'],
  ])
})

t.test('later middlewares, listeners and the handler see an event as a middleware has changed it', async (t) => {
  const acks: unknown[] = []
  const { socket } = await client(t, {
    onConnect: ({ socket }) => {
      socket.on('listened', (payload, ack) => ack({ listened: payload }))
      socket.use((event, next) => {
        const [name, payload] = event
        if (payload === 'changed') event[1] = 'by a middleware'
        if (payload === 'renamed') event[0] = name === 'declared' ? 'listened' : 'declared'
        if (payload === 'lost') event[0] = 'nobody'
        if (payload === 'cut') event.splice(1, 1)
        if (payload === 'silenced') event.pop()
        if (payload === 'wrapped') {
          const ack = event.pop()
          event.push((...args: unknown[]) => {
            acks.push(args)
            ack(...args)
          })
        }
        next()
      })
    },
    events: { declared: { handler: (payload, { event }) => ({ payload, wantsAck: event.wantsAck }) } },
  })
  const ask = (event: string, payload: string) => socket.emitWithAck(event, payload)
  t.strictSame(await ask('declared', 'changed'), { ok: true, data: { payload: 'by a middleware', wantsAck: true } })
  t.strictSame(await ask('declared', 'renamed'), { listened: 'renamed' })
  t.strictSame(await ask('listened', 'renamed'), { ok: true, data: { payload: 'renamed', wantsAck: true } })
  t.match(await ask('declared', 'lost'), UNKNOWN)
  t.strictSame(await ask('declared', 'cut'), { ok: true, data: { wantsAck: true } })
  const silenced = { ok: true, data: { payload: 'silenced', wantsAck: true } }
  t.strictSame(await ask('declared', 'silenced'), silenced, 'the client still gets its ack')
  t.strictSame(await ask('declared', 'wrapped'), { ok: true, data: { payload: 'wrapped', wantsAck: true } })
  t.strictSame(await ask('listened', 'wrapped'), { listened: 'wrapped' })
  t.match(acks, [[{ ok: true }], [{ listened: 'wrapped' }]])
})

t.test('a second next() is ignored, and an error that a middleware throws after next() is logged', async (t) => {
  const { socket, lines } = await client(t, {
    onConnect: ({ socket }) => {
      socket.use(([, how], next) => {
        next()
        next(notYou())
        if (how === 'throws') throw new Error('late')
      })
    },
    events: { declared: { handler: () => 'once' } },
  })
  t.strictSame(await socket.emitWithAck('declared', 'throws'), { ok: true, data: 'once' })
  await until(() => lines.some(({ msg }) => msg === 'middleware failed'))
})

t.test(
  'an event whose middleware never calls next() is acked with FST_NSP_HANDLER_TIMEOUT, and a later next() has no effect',
  async (t) => {
    const begun: string[] = []
    let late: (() => void)[] = []
    const { app, socket } = await client(
      t,
      {
        onConnect: ({ socket }) => {
          socket.on('listened', () => void begun.push('listener'))
          socket.use(([, how], next) => {
            if (how === 'keep') late.push(next)
            else next()
          })
          socket.use((_event, next) => {
            begun.push('second')
            next()
          })
        },
        events: {
          declared: { handler: () => void begun.push('handler') },
          soon: { handlerTimeoutMs: 1, handler: () => void begun.push('handler') },
        },
      },
      { handlerTimeoutMs: 10 },
    )
    for (const event of ['declared', 'listened', 'unknown', 'soon']) {
      t.match(await socket.emitWithAck(event, 'keep'), TIMEOUT, event)
    }
    for (const next of late) next()
    t.strictSame(await socket.emitWithAck('declared'), { ok: true })
    t.strictSame(begun, ['second', 'handler'])

    late = []
    begun.length = 0
    socket.emit('declared', 'keep')
    await until(() => late.length === 1)
    socket.disconnect()
    await until(() => app.io.of('/chat').sockets.size === 0)
    for (const next of late) next()
    t.strictSame(begun, [], 'nor after a disconnect')
  },
)

t.test('with handlerTimeoutMs 0 a socket middleware may take any time', async (t) => {
  const kept: (() => void)[] = []
  const { socket } = await client(
    t,
    {
      onConnect: ({ socket }) => void socket.use((_event, next) => void kept.push(next)),
      events: { declared: { handler: () => 'at last' } },
    },
    { handlerTimeoutMs: 0 },
  )
  const ack = socket.emitWithAck('declared')
  await until(() => kept.length === 1)
  kept[0]?.()
  t.strictSame(await ack, { ok: true, data: 'at last' })
})

t.test('an event in a socket middleware counts as in flight until the middleware has ended', async (t) => {
  const calls: (() => void)[] = []
  const held = withResolvers()
  const definition = {
    onConnect: ({ socket }: { socket: unknown }) => {
      ;(socket as Socket).use(([, how], next) => {
        if (how === 'callback') calls.push(next)
        else if (how === 'promise') return held.promise as never
        else next()
        return undefined
      })
    },
    events: { declared: { handler: () => {} } },
  }
  const full = { ok: false, error: { code: 'FST_NSP_IN_FLIGHT_LIMIT', statusCode: 429 } }
  const limits = { eventsInFlight: 1 }
  const { socket: patient } = await client(t, definition, { limits })
  const first = patient.emitWithAck('declared', 'callback')
  t.match(await patient.emitWithAck('declared'), full)
  calls[0]?.()
  t.match(await first, { ok: true })

  const { socket } = await client(t, definition, { limits, handlerTimeoutMs: 20 })
  t.match(await socket.emitWithAck('declared', 'callback'), TIMEOUT, 'without a promise only the timeout ends it')
  t.match(await socket.emitWithAck('declared'), { ok: true })
  t.match(await socket.emitWithAck('declared', 'promise'), TIMEOUT)
  t.match(await socket.emitWithAck('declared'), full, 'its promise is still pending')
  held.resolve()
  while (!(await socket.emitWithAck('declared')).ok);
})

t.test('in a sequential namespace a socket middleware runs for one event after another', async (t) => {
  const order: unknown[] = []
  const turns = [withResolvers(), withResolvers()]
  const { socket } = await client(t, {
    sequential: true,
    onConnect: ({ socket }) => {
      socket.on('listened', (turn, ack) => {
        order.push(`listener ${turn}`)
        ack()
      })
      socket.use(async ([, turn], next) => {
        order.push(`middleware ${turn}`)
        await turns[turn]?.promise
        next()
      })
    },
    events: { declared: { handler: (turn) => void order.push(`handler ${turn}`) } },
  })
  const acks = [socket.emitWithAck('declared', 0), socket.emitWithAck('listened', 1), socket.emitWithAck('declared', 2)]
  await until(() => order.length === 1)
  turns[1]?.resolve()
  turns[0]?.resolve()
  await Promise.all(acks)
  t.same(
    order.filter((what) => what !== 'listener 1'),
    ['middleware 0', 'handler 0', 'middleware 1', 'middleware 2', 'handler 2'],
  )
  t.ok(order.includes('listener 1'))
})

t.test('after a socket middleware that disconnects its socket, no middleware and no handler begins', async (t) => {
  const begun: string[] = []
  const { app, socket } = await client(t, {
    onConnect: ({ socket }) => {
      socket.use(([, how], next) => {
        if (how !== 'stay') socket.disconnect()
        next(how === 'refused' ? notYou() : undefined)
      })
      socket.use((_event, next) => {
        begun.push('second')
        next()
      })
    },
    events: { declared: { handler: () => void begun.push('handler') } },
  })
  for (const how of ['leave', 'refused']) {
    const gone = next(socket, 'disconnect')
    socket.emit('declared', how, () => t.fail('acked'))
    await gone
    await until(() => app.io.of('/chat').sockets.size === 0)
    await socket.join('/chat')
  }
  t.strictSame(begun, [])
  t.match(await socket.emitWithAck('declared', 'stay'), { ok: true })
})

t.test('a recovered socket has middlewares like any other', async (t) => {
  const { app, socket } = await client(
    t,
    {
      onConnect: ({ socket }) => void socket.use((_event, next) => next(notYou())),
      onRecover: ({ socket }) => void socket.use((_event, next) => next(notYou())),
      events: { declared: { handler: () => t.fail('the handler was called') } },
    },
    { io: { connectionStateRecovery: {} } },
  )
  app.io.of('/chat').emit('news')
  await socket.nextEvent('news')
  const gone = next(socket, 'disconnect')
  socket.io.engine.close()
  await gone
  await socket.join('/chat')
  t.ok(socket.recovered)
  t.strictSame(await socket.emitWithAck('declared'), FORBIDDEN)
})

inBothModes(
  'socket middlewares run for the events of one read batch in order, also a middleware that is added between two of them',
  async (t, fast) => {
    const order: string[] = []
    const handler = (payload: unknown, { socket, event }: { socket: unknown; event: { name: string } }) => {
      order.push(`${event.name} ${payload}`)
      if (event.name !== 'begin') return
      ;(socket as Socket).use(([name, id], next) => {
        order.push(`middleware ${name} ${id}`)
        next()
      })
    }
    const { wire, socket, app, port } = await stage(
      t,
      { events: { begin: { handler }, declared: { handler } } },
      { fast },
    )
    socket.on('plain', (id, ack) => ack(id))
    wire.tcp.write(
      chunkOf(
        '42/chat,["begin",0]',
        '42/chat,["declared",1]',
        '42/chat,["plain",2]',
        '42/chat,["declared",3]',
        '42/chat,["unknown",4]',
        '42/chat,5["plain",5]',
      ),
    )
    await wireUntil(wire, '43/chat,5[5]')
    t.strictSame(order, [
      'begin 0',
      ...['middleware declared 1', 'declared 1'],
      'middleware plain 2',
      ...['middleware declared 3', 'declared 3'],
      'middleware unknown 4',
      'middleware plain 5',
    ])
    const { wire: other } = await enter(t, app, port)
    other.say('42/chat,7["declared",0]')
    t.equal(await other.next(), '43/chat,7[{"ok":true}]')
    t.equal(order.at(-1), 'declared 0', 'the middlewares of one socket do not run for another')
  },
)

t.test('middlewares that onConnect adds run for the events that have waited for it', async (t) => {
  const ready = withResolvers()
  const { socket } = await client(t, {
    onConnect: async ({ socket }) => {
      await ready.promise
      socket.use((_event, next) => next(notYou()))
    },
    events: { declared: { handler: () => t.fail('the handler was called') } },
  })
  const acks = Promise.all([socket.emitWithAck('declared'), socket.emitWithAck('unknown')])
  ready.resolve()
  t.strictSame(await acks, [FORBIDDEN, FORBIDDEN])
})

t.test('socket middlewares also run in a namespace without a definition', async (t) => {
  const { socket } = await client(t, {}, {}, (app) => {
    app.io.of('/plain').on('connection', (socket) => {
      socket.use(([event], next) => next(event === 'no' ? notYou() : undefined))
      socket.on('yes', (ack) => ack('heard'))
    })
  })
  const plain = await socket.join('/plain')
  t.strictSame(await plain.emitWithAck('no'), FORBIDDEN)
  t.equal(await plain.emitWithAck('yes'), 'heard')
})

t.test('child namespaces of Socket.IO run all middlewares of their parent namespace, before their own', async (t) => {
  const failing = () => {
    throw new Error('a listener')
  }
  const { app, socket, lines } = await client(t, { events: {} }, {}, (app) => {
    app.namespace('/orgs/:orgId', { events: { declared: { handler: () => t.fail('the handler was called') } } })
    const parent = app.io.of(/^\/(orgs|plain)\//)
    parent.use((socket, next) => {
      socket.use((_event, next) => next(notYou()))
      next()
    })
    parent.on('connection', failing)
  })
  const org = await socket.join('/orgs/1')
  t.strictSame(await org.emitWithAck('declared'), FORBIDDEN)
  const plain = await socket.join('/plain/1')
  t.strictSame(await plain.emitWithAck('x'), FORBIDDEN)
  t.equal(lines.filter(({ msg }) => msg === 'listener of a namespace failed').length, 2)
  t.strictSame(app.io.of('/plain/1').listeners('connection').includes(failing), true)
})

/** A middleware that calls `next()`, unless the event has a first argument, `how`: then it calls `does`. */
function selective(
  does: (how: unknown, ack: (value: unknown) => void, next: (error?: Error) => void, socket: Socket) => unknown,
) {
  return {
    onConnect: ({ socket }: { socket: unknown }) => {
      ;(socket as Socket).use(([, how, ack], next) => {
        if (how === undefined || typeof how === 'function') next()
        else return does(how, ack, next, socket as Socket) as never
        return undefined
      })
    },
  }
}

for (const sequential of [false, true]) {
  for (const handlerTimeoutMs of [0, 60_000]) {
    const where = `${sequential ? 'sequential' : 'concurrent'}, ${handlerTimeoutMs} ms`

    t.test(`an event that a socket middleware drops or acks does not count as in flight: ${where}`, async (t) => {
      const held = withResolvers()
      const { socket, app } = await client(
        t,
        {
          sequential,
          ...selective((how, ack) => {
            if (how === 'drop') return
            if (how === 'drop later') return held.promise
            if (how === 'ack') return ack('mine')
            setImmediate(ack, 'mine')
            return how === 'ack for long' ? new Promise(() => {}) : undefined
          }),
          events: { declared: { handler: () => 'well' } },
        },
        { handlerTimeoutMs, limits: { eventsInFlight: 1 } },
      )
      for (let i = 0; i < 3; i++) {
        for (const name of ['declared', 'unknown']) {
          socket.emit(name, 'drop')
          for (const how of ['ack', 'ack later', 'ack for long']) t.equal(await socket.emitWithAck(name, how), 'mine')
        }
        t.strictSame(await socket.emitWithAck('declared'), { ok: true, data: 'well' })
      }
      socket.emit('declared', 'drop later')
      const full = sequential ? undefined : await socket.emitWithAck('declared')
      if (full) t.match(full, { ok: false, error: { code: 'FST_NSP_IN_FLIGHT_LIMIT' } }, 'its promise is pending')
      held.resolve()
      while (!(await socket.emitWithAck('declared')).ok);
      await app.close()
    })
  }
}

t.test('a dropped event of a namespace without a definition does not count as in flight, either', async (t) => {
  const { socket } = await client(t, {}, { limits: { eventsInFlight: 1 } }, (app) => {
    app.io.of('/plain').on('connection', (socket) => {
      socket.use(([event], next) => (event === 'junk' ? undefined : next()))
      socket.on('yes', (ack) => ack('heard'))
    })
  })
  const plain = await socket.join('/plain')
  for (let i = 0; i < 3; i++) plain.emit('junk')
  t.equal(await plain.emitWithAck('yes'), 'heard')
})

t.test('a dropped event continues at a later next(): in a sequential namespace it is queued again', async (t) => {
  const kept: ((error?: Error) => void)[] = []
  const order: unknown[] = []
  const held = withResolvers()
  const { socket } = await client(t, {
    sequential: true,
    ...selective((_how, _ack, next) => void kept.push(next)),
    events: {
      declared: { handler: (payload: unknown) => void order.push(payload) },
      long: {
        handler: () => {
          order.push('long')
          return held.promise
        },
      },
    },
  })
  socket.emit('declared', 1)
  await until(() => kept.length === 1)
  const long = socket.emitWithAck('long')
  await until(() => order.length === 1)
  kept[0]?.()
  kept[0]?.()
  t.strictSame(order, ['long'])
  held.resolve()
  await long
  await socket.emitWithAck('declared')
  t.strictSame(order.slice(0, 2), ['long', 1])
})

t.test('a dropped event that continues is in flight again, unless it was acked or has timed out', async (t) => {
  const kept: ((error?: Error) => void)[] = []
  const order: unknown[] = []
  const heard: string[] = []
  const { onConnect } = selective((how, ack, next) => {
    kept.push(next)
    if (how === 'ack') ack('mine')
  })
  const { socket, app } = await client(
    t,
    {
      onConnect: (context) => {
        ;(context.socket as unknown as Socket).on('error', ({ message }) => void heard.push(message))
        onConnect(context)
      },
      events: {
        declared: { handler: (payload: unknown) => void order.push(payload) },
        soon: { handlerTimeoutMs: 20, handler: () => void order.push('soon') },
      },
    },
    { limits: { eventsInFlight: 1 } },
  )
  t.equal(await socket.emitWithAck('declared', 'ack'), 'mine')
  socket.emit('declared', 'refused')
  socket.emit('declared', 'well')
  await until(() => kept.length === 3)
  kept[0]?.()
  kept[1]?.(notYou())
  kept[2]?.()
  await until(() => heard.length === 1)
  t.strictSame(heard, ['not you'])
  t.strictSame(order, ['well'])

  socket.emit('soon', 'late')
  await until(() => kept.length === 4)
  const arrivedBy = performance.now()
  t.match(await socket.emitWithAck('soon', 'later'), TIMEOUT)
  // A timer may fire a fraction of a millisecond early.
  await until(() => performance.now() - arrivedBy > 20)
  kept[3]?.()
  socket.emit('declared', 'gone')
  await until(() => kept.length === 6)
  socket.disconnect()
  await until(() => app.io.of('/chat').sockets.size === 0)
  kept[5]?.()
  t.strictSame(order, ['well'])
})

t.test('a dropped event that continues may wait in the next middleware for the rest of its timeout', async (t) => {
  const kept: (() => void)[] = []
  const { socket } = await client(
    t,
    {
      onConnect: ({ socket }) => {
        socket.use(([, how], next) => (how === 'keep' ? void kept.push(next) : next()))
        socket.use(([, how], next) => (how === 'keep' ? (new Promise(() => {}) as never) : next()))
      },
      events: { declared: { handler: () => 'well' } },
    },
    { limits: { eventsInFlight: 1 } },
  )
  socket.emit('declared', 'keep')
  await until(() => kept.length === 1)
  t.match(await socket.emitWithAck('declared'), { ok: true })
  kept[0]?.()
  t.match(await socket.emitWithAck('declared'), { ok: false, error: { code: 'FST_NSP_IN_FLIGHT_LIMIT' } })
})

t.test('a socket middleware that acks and calls next() in the same tick lets its event continue', async (t) => {
  const handled: unknown[] = []
  const { socket } = await client(t, {
    ...selective(async (_how, ack, next) => {
      await undefined
      ack('mine')
      next()
    }),
    events: { declared: { handler: (payload: unknown) => void handled.push(payload) } },
  })
  t.equal(await socket.emitWithAck('declared', 1), 'mine')
  t.strictSame(handled, [1])
})

t.test('a socket middleware that disconnects its socket and never calls next() does not delay close()', async (t) => {
  const { socket, app } = await client(
    t,
    {
      ...selective((_how, _ack, _next, socket) => void socket.disconnect()),
      events: { declared: { handler: () => {} } },
    },
    { handlerTimeoutMs: 0, closeTimeoutMs: 600_000 },
  )
  const gone = next(socket, 'disconnect')
  socket.emit('declared', 'leave', () => t.fail('acked'))
  await gone
  await app.close()
})
