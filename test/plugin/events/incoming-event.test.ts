import { Encoder, PacketType } from 'socket.io-parser'
import t from 'tap'
import { chunkOf, inBothModes, stage, until } from '../fast-path-harness.js'

/*
 * Events of the fast path and of Socket.IO's own parser are acked alike.
 */

const cycle: Record<string, unknown> = {}
cycle.self = cycle

const REPLIES: Record<string, unknown> = {
  nothing: undefined,
  null: null,
  'a text': 'ä"\\\u2028\ud800',
  'no number': Number.NaN,
  'a date': new Date(0),
  'a list with holes': [undefined, () => 1, Symbol('x'), 1],
  'an object with what JSON leaves out': { a: undefined, b: () => 1, c: Symbol('x'), [Symbol('d')]: 1, e: 0 },
  'a map': new Map([[1, 2]]),
  'an object of a class': new (class Point {
    x = 1
    #y = 2
    get y() {
      return this.#y
    }
  })(),
  'an object without a prototype': Object.assign(Object.create(null), { a: 1 }),
  'an object that says what it is': { toJSON: () => ({ a: 1 }) },
  'an object that says it is itself': {
    a: 1,
    toJSON() {
      return this
    },
  },
  'an object that says it is bytes': { toJSON: () => Buffer.from('x') },
  bytes: Buffer.from('bytes'),
  'bytes within': { list: [Buffer.from('a'), { b: new Uint8Array([1, 2]) }], c: new Float64Array(1).buffer },
  'an envelope': { ok: false, error: { code: 'X' } },
  'a key that is no one’s': JSON.parse('{"__proto__":1,"constructor":2}'),
}

inBothModes('any return value of a handler is sent as Socket.IO encodes it', async (t, fast) => {
  for (const reply of [undefined, true]) {
    const { wire } = await stage(
      t,
      { events: { ask: { ...(reply && { reply }), handler: (name) => REPLIES[name as string] } } },
      { fast },
    )
    for (const [name, data] of Object.entries(REPLIES)) {
      // A checked reply is converted to a JSON value first.
      if (reply && /itself|no one/.test(name)) continue
      const packet = { type: PacketType.ACK, nsp: '/chat', id: 7, data: [{ ok: true, data }] }
      const parts = new Encoder().encode(packet).map((part) => (typeof part === 'string' ? `4${part}` : part))
      wire.say(`42/chat,7["ask",${JSON.stringify(name)}]`)
      const received = []
      for (const _part of parts) received.push(await wire.next())
      t.strictSame(
        received,
        parts.map((part) => (typeof part === 'string' ? part : Buffer.from(part as ArrayBuffer))),
        `${name}${reply ? ', checked' : ''}`,
      )
    }
  }
})

inBothModes('an event whose reply cannot be encoded is acked with an error', async (t, fast) => {
  const returns: Record<string, () => unknown> = {
    bigint: () => 1n,
    cycle: () => cycle,
    throws: () => ({ toJSON: () => fail() }),
  }
  const { wire } = await stage(t, { events: { ask: { handler: (name) => returns[name as string]?.() } } }, { fast })
  for (const name of Object.keys(returns)) {
    wire.say(`42/chat,7["ask","${name}"]`)
    t.match(await wire.next(), /^43\/chat,7\[\{"ok":false,"error":\{.*"FST_NSP_REPLY_INVALID"/, name)
  }
})

function fail(): never {
  throw new Error('a secret')
}

inBothModes('a reply that its schema has serialized is sent as it is', async (t, fast) => {
  const reply = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } }, required: ['a'] }
  const { wire } = await stage(
    t,
    { events: { ask: { reply, handler: (payload) => ({ a: payload, b: 1, secret: true }) } } },
    { fast },
  )
  wire.say('42/chat,7["ask","\\u20ac"]')
  t.equal(await wire.next(), '43/chat,7[{"ok":true,"data":{"a":"\u20ac","b":1}}]')
})

inBothModes('an ack is sent once, however often listeners and the handler call it', async (t, fast) => {
  const { wire, socket } = await stage(
    t,
    { events: { ask: { handler: (payload) => (payload === 'bytes' ? Buffer.from('x') : payload) } } },
    { fast },
  )
  socket.onAny((_name, payload, ack) => {
    if (payload === 'again') return
    ack('one')
    ack(Buffer.from('two'))
    setImmediate(ack, 'three')
  })
  wire.tcp.write(chunkOf('42/chat,1["ask","bytes"]', '42/chat,2["ask","text"]'))
  wire.say('42/chat,3["ask","again"]')
  await new Promise((resolve) => setImmediate(resolve))
  wire.say('42/chat,4["ask","again"]')
  t.strictSame(await until(wire, '43/chat,4[{"ok":true,"data":"again"}]'), [
    '43/chat,1["one"]',
    '43/chat,2["one"]',
    '43/chat,3[{"ok":true,"data":"again"}]',
    '43/chat,4[{"ok":true,"data":"again"}]',
  ])
})

inBothModes('the ack of a socket that has disconnected is not sent', async (t, fast) => {
  let answer: (reply: unknown) => void = () => t.fail('not asked')
  const { wire, socket } = await stage(
    t,
    { events: { ask: { handler: () => new Promise((resolve) => (answer = resolve)) } } },
    { fast, namespaces: { '/': { events: { echo: { handler: (payload) => payload } } } } },
  )
  await wire.join('/')
  wire.say('42/chat,1["ask"]')
  wire.say('421["echo",1]')
  t.equal(await wire.next(), '431[{"ok":true,"data":1}]')
  socket.disconnect()
  answer('too late')
  wire.say('422["echo",2]')
  t.strictSame(await until(wire, '432[{"ok":true,"data":2}]'), ['41/chat,', '432[{"ok":true,"data":2}]'])
})

t.test('the handler receives the payload as onAny listeners have changed it, as with Socket.IO', async (t) => {
  for (const fast of [true, false]) {
    const { wire, socket } = await stage(t, { events: { ask: { handler: (payload) => payload } } }, { fast })
    socket.onAny((_name, payload) => Object.assign(payload, { seen: true }))
    wire.say('42/chat,1["ask",{}]')
    t.equal(await wire.next(), '43/chat,1[{"ok":true,"data":{"seen":true}}]')
  }
})
