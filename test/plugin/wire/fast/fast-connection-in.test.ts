import { setImmediate as nextLoop } from 'node:timers/promises'
import { closing, frame, OPCODE } from '../../../wire/wire.js'
import { chunkOf, connectionOf, inBothModes, isFast, stage, until } from '../../fast-path-harness.js'
import { build, until as holds } from '../../harness.js'

/*
 * Incoming frames, byte by byte. The fast path behaves as engine.io and ws do: each test runs with both.
 */

/** A definition that echoes and notes the payloads. */
function echoes() {
  const handled: unknown[] = []
  const handler = (payload: unknown) => {
    handled.push(payload)
    return payload
  }
  return { handled, definition: { events: { echo: { handler } } } }
}

const ok = (id: number, data: unknown, at = '/chat,') => `43${at}${id}[{"ok":true,"data":${JSON.stringify(data)}}]`
const ask = (id: number, data: unknown, at = '/chat,') => `42${at}${id}["echo",${JSON.stringify(data)}]`

inBothModes('events of all kinds in one chunk are handled in the order of Socket.IO', async (t, fast) => {
  const { handled, definition } = echoes()
  const { wire, socket } = await stage(t, definition, { fast })
  t.equal(isFast(socket), fast)
  socket.on('plain', (value, ack) => ack(handled.push(value)))
  const text = Buffer.from(ask(5, 'fragmented'))
  wire.tcp.write(
    chunkOf(
      ask(1, 'one'),
      '42/chat,2["plain","undeclared"]',
      ask(3, 'two'),
      '451-/chat,4["echo",{"_placeholder":true,"num":0}]',
      frame(OPCODE.binary, 'bytes'),
      frame(OPCODE.text, text.subarray(0, 9), { isFinal: false }),
      frame(OPCODE.ping, 'between'),
      frame(OPCODE.continuation, text.subarray(9)),
      frame(OPCODE.pong),
      ask(6, 'three'),
      '42/chat,7["plain","again"]',
      ask(8, 'last'),
    ),
  )
  const messages = await until(wire, '43/chat,7[8]')
  // Socket.IO calls a listener a tick later than the plugin calls a handler.
  const names = ['one', 'two', Buffer.from('bytes'), 'fragmented', 'three', 'last', 'undeclared', 'again']
  t.strictSame(handled, names)
  t.strictSame(
    messages.map((message) => (Buffer.isBuffer(message) ? 'bytes' : String(message).replace(/\[.*/, ''))),
    ['43/chat,1', '43/chat,3', '461-/chat,4', 'bytes', '43/chat,5', '43/chat,6', '43/chat,8', '43/chat,2', '43/chat,7'],
  )
})

inBothModes(
  'events behind a leave in the same chunk are not handled, and the connection stays open',
  async (t, fast) => {
    const { handled, definition } = echoes()
    const { wire } = await stage(t, definition, { fast, namespaces: { '/': definition } })
    await wire.join('/')
    wire.tcp.write(chunkOf('41/chat,', ask(1, 'behind'), ask(2, 'elsewhere', '')))
    t.strictSame(await until(wire, ok(2, 'elsewhere', '')), [ok(2, 'elsewhere', '')])
    t.strictSame(handled, ['elsewhere'])
    wire.say(ask(3, 'far behind'))
    t.strictSame(await wire.next(), { closed: 1005 }, 'an event in a later chunk violates the protocol')
  },
)

const BEHIND: Record<string, Uint8Array[]> = {
  'a declared one': [chunkOf(ask(1, 'behind'))],
  'an undeclared one': [chunkOf('42/chat,1["plain"]')],
  'one with bytes': [chunkOf('451-/chat,1["echo",{"_placeholder":true,"num":0}]'), frame(OPCODE.binary, 'x')],
  'one in fragments': [
    frame(OPCODE.text, '42/chat,1["echo",', { isFinal: false }),
    frame(OPCODE.continuation, '"behind"]'),
  ],
  'one with a length of 64 bits': [long(ask(1, 'behind'))],
  'one behind a ping': [frame(OPCODE.ping), chunkOf(ask(1, 'behind'))],
}

for (const [what, frames] of Object.entries(BEHIND)) {
  inBothModes(
    `after a handler disconnects its socket, an event of the same chunk is not handled: ${what}`,
    async (t, fast) => {
      const { handled, definition } = echoes()
      const leaving = { ...definition, events: { ...definition.events, leave: { handler: leave } } }
      const { wire, socket } = await stage(t, leaving, { fast, namespaces: { '/': definition } })
      socket.on('plain', () => t.fail('the listener was called'))
      await wire.join('/')
      wire.tcp.write(chunkOf('42/chat,["leave"]', ...frames, ask(2, 'elsewhere', '')))
      t.strictSame(await until(wire, ok(2, 'elsewhere', '')), ['41/chat,', ok(2, 'elsewhere', '')])
      t.strictSame(handled, ['elsewhere'])
    },
  )
}

/** A short text in a frame whose length has eight bytes, with a mask of zeros. */
function long(text: string): Buffer {
  const head = Buffer.from('81ff000000000000000000000000', 'hex')
  head.writeUInt8(text.length, 9)
  return Buffer.concat([head, Buffer.from(text)])
}

function leave(_payload: unknown, { socket }: { socket: { disconnect(): unknown } }): void {
  socket.disconnect()
}

inBothModes('after a handler closes the connection, no later event of the chunk is handled', async (t, fast) => {
  const { handled, definition } = echoes()
  const end = {
    handler: (_payload: unknown, { socket }: { socket: { disconnect(close: boolean): unknown } }) =>
      socket.disconnect(true) && undefined,
  }
  const ending = { ...definition, events: { ...definition.events, end } }
  const { wire } = await stage(t, ending, { fast, namespaces: { '/': definition } })
  await wire.join('/')
  wire.tcp.write(chunkOf('42/chat,["end"]', ask(1, 'behind'), ask(2, 'elsewhere', '')))
  t.strictSame(await until(wire, ''), ['41/chat,', '41', { closed: 1005 }])
  t.strictSame(handled, [])
})

inBothModes(
  'an event that a client in this process emits inside a handler is handled after the handler',
  async (t, fast) => {
    const order: string[] = []
    const app = await build(t, {
      fast,
      namespaces: {
        '/chat': {
          events: {
            outer: {
              handler: () => {
                order.push('outer begins')
                client.emit('inner')
                order.push('outer ends')
              },
            },
            inner: { handler: () => void order.push('inner') },
          },
        },
      },
    })
    const client = await app.injectSocket('/chat')
    const other = await app.injectSocket('/chat')
    await other.emitWithAck('outer')
    await client.emitWithAck('inner')
    t.strictSame(order, ['outer begins', 'outer ends', 'inner', 'inner'])
  },
)

inBothModes('frames that are split at any byte are read', async (t, fast) => {
  const { handled, definition } = echoes()
  const { wire } = await stage(t, definition, { fast, limits: { eventsPerSecond: 0 } })
  const bytes = chunkOf(ask(1, 'a'), ask(2, '€'), ask(3, 'x'.repeat(110)))
  for (let at = 1; at < bytes.length; at++) {
    wire.tcp.write(bytes.subarray(0, at))
    await nextLoop()
    wire.tcp.write(bytes.subarray(at))
    const messages = await until(wire, ok(3, 'x'.repeat(110)))
    if (messages.length !== 3) t.strictSame(messages, [], `cut at ${at}`)
  }
  for (const byte of bytes) {
    wire.tcp.write(Buffer.of(byte))
    await nextLoop()
  }
  t.strictSame(await until(wire, ok(3, 'x'.repeat(110))), [ok(1, 'a'), ok(2, '€'), ok(3, 'x'.repeat(110))])
  t.equal(handled.length, bytes.length * 3)
})

inBothModes('texts of any length and any characters arrive unchanged in both directions', async (t, fast) => {
  const { definition } = echoes()
  const { wire } = await stage(t, definition, { fast })
  const head = Buffer.byteLength(ask(1, ''))
  const lengths = [125, 126, 127, 21_800, 65_535, 65_536, 200_000]
  const texts = lengths.flatMap((length) => ['x', 'ä', '€', '\u{1f600}'].map((unit) => filled(unit, length - head)))
  for (const text of [...texts, 'a\u0000\u001f"\\\u2028', '\ufeff', '']) {
    wire.say(ask(1, text))
    const answer = String(await wire.next())
    t.ok(answer === ok(1, text), `${Buffer.byteLength(text)} bytes of ${Buffer.from(text.slice(-2)).toString('hex')}`)
  }
  for (const lone of ['\\ud800', 'x\\udc00', '\\udead\\ud83d']) {
    wire.say(`42/chat,1["echo","${lone}"]`)
    t.equal(await wire.next(), `43/chat,1[{"ok":true,"data":"${lone}"}]`, 'JSON escapes a lone surrogate')
  }
})

/** A text of that many bytes: repetitions of the unit, behind some `x`. */
function filled(unit: string, bytes: number): string {
  const size = Buffer.byteLength(unit)
  return 'x'.repeat(bytes % size) + unit.repeat(bytes / size)
}

const BREAKS: Record<string, readonly [bytes: Uint8Array, code: number]> = {
  'a text that is not UTF-8': [frame(OPCODE.text, Buffer.from('34325b22ff225d', 'hex')), 1007],
  'a surrogate in UTF-8': [frame(OPCODE.text, Buffer.from('eda080', 'hex')), 1007],
  'an unmasked frame': [frame(OPCODE.text, '2', { isMasked: false }), 1002],
  'a reserved bit': [frame(OPCODE.text, '2', { reserved: 0x40 }), 1002],
  'an unknown opcode': [frame(3, 'x'), 1002],
  'a continuation of nothing': [frame(OPCODE.continuation, 'x'), 1002],
  'a text of more than maxHttpBufferSize': [frame(OPCODE.text, 'x'.repeat(1_001)), 1009],
  'fragments of more than maxHttpBufferSize': [
    chunkOf(frame(OPCODE.text, 'x'.repeat(900), { isFinal: false }), frame(OPCODE.continuation, 'x'.repeat(101))),
    1009,
  ],
  'a length beyond the safe integers': [frame(OPCODE.text, '', { length: 2n ** 62n }), 1009],
  'a close frame with a reserved code': [frame(OPCODE.close, closing(1005)), 1002],
}

for (const [what, [bytes, code]] of Object.entries(BREAKS)) {
  inBothModes(
    `${what} closes with ${code}: events before it are acked, events behind it are not handled`,
    async (t, fast) => {
      const { handled, definition } = echoes()
      const { wire, socket } = await stage(t, definition, { fast, io: { maxHttpBufferSize: 1_000 } })
      t.equal(isFast(socket), fast)
      wire.tcp.write(chunkOf(ask(1, 'before'), bytes, ask(2, 'behind')))
      t.strictSame(await until(wire, ''), [ok(1, 'before'), { closed: code }])
      t.strictSame(handled, ['before'])
    },
  )
}

inBothModes('a text as long as maxHttpBufferSize is read', async (t, fast) => {
  const { definition } = echoes()
  const { wire } = await stage(t, definition, { fast, io: { maxHttpBufferSize: 1_000 } })
  const text = 'x'.repeat(1_000 - ask(1, '').length)
  wire.say(ask(1, text))
  t.equal(await wire.next(), ok(1, text))
})

inBothModes('a text that is not a packet of engine.io or Socket.IO closes the connection', async (t, fast) => {
  for (const text of [
    '',
    'x',
    '4x',
    '42["echo"',
    '42/chat,["echo",]',
    '42/chat,[]',
    '42/chat,["disconnect"]',
    '2probe',
  ]) {
    const { handled, definition } = echoes()
    const { wire } = await stage(t, definition, { fast })
    wire.tcp.write(chunkOf(ask(1, 'before'), text, ask(2, 'behind')))
    t.strictSame(await until(wire, ''), [{ closed: 1005 }], JSON.stringify(text))
    t.strictSame(handled, [], 'the connection is closed before the other events of the chunk are handled')
  }
})

inBothModes('an event that exceeds a limit is refused, in the order of the events', async (t, fast) => {
  const { handled, definition } = echoes()
  const { wire } = await stage(t, definition, { fast, limits: { arguments: 1, depth: 2, payloadBytes: 200 } })
  wire.tcp.write(
    chunkOf(
      ask(1, 'one'),
      ask(2, [[[]]]),
      '42/chat,3["echo",1,2]',
      ask(4, 'x'.repeat(200)),
      '42/chat,5["echo",{"__proto__":1}]',
      '42/chat,99999999999999999999["echo",1]',
      ask(6, 'two'),
    ),
  )
  const codes = (await until(wire, ok(6, 'two'))).map((message) =>
    /^43\/chat,(\d).*?(?:"code":"(\w+)".*)?$/.exec(String(message))?.slice(1),
  )
  t.strictSame(codes, [
    ['1', undefined],
    ['2', 'FST_NSP_EVENT_MALFORMED'],
    ['3', 'FST_NSP_EVENT_MALFORMED'],
    ['4', 'FST_NSP_PAYLOAD_TOO_LARGE'],
    ['5', 'FST_NSP_EVENT_MALFORMED'],
    ['6', undefined],
  ])
  t.strictSame(handled, ['one', 'two'])
})

inBothModes('an event before a close frame is handled, but not acked', async (t, fast) => {
  const { handled, definition } = echoes()
  const { wire } = await stage(t, definition, { fast })
  wire.tcp.write(chunkOf(ask(1, 'before'), frame(OPCODE.close, closing(1000)), ask(2, 'behind')))
  t.strictSame(await until(wire, ''), [{ closed: 1000 }])
  t.strictSame(handled, ['before'])
})

inBothModes('a silent client is closed; a message of it counts as a pong, once for each ping', async (t, fast) => {
  const { definition } = echoes()
  const { wire, socket } = await stage(t, definition, { fast, io: { pingInterval: 100, pingTimeout: 1_000 } })
  const conn = connectionOf(socket)
  const reason = new Promise((resolve) => socket.once('disconnect', resolve))
  // Its first ping is left without a pong.
  await wire.tcp.take((bytes) =>
    bytes.equals(Buffer.from('\x81\x012', 'latin1')) ? [true, Buffer.alloc(0)] : undefined,
  )
  t.equal(conn.hasRefreshedPingTimeout, false)
  const start = deadlineOf(conn)
  const pinged = Date.now()
  await holds(() => Date.now() > pinged + 1)
  wire.tcp.write(chunkOf(ask(1, 'here')))
  t.equal(await wire.next(), ok(1, 'here'))
  t.equal(conn.hasRefreshedPingTimeout, true)
  const refreshed = deadlineOf(conn)
  t.ok(refreshed > start, 'the ping timeout starts anew')
  wire.tcp.write(chunkOf(ask(2, 'still here')))
  t.equal(await wire.next(), ok(2, 'still here'))
  t.equal(deadlineOf(conn), refreshed, 'once')
  t.strictSame(await wire.next(), { closed: 1005 })
  t.equal(await reason, 'ping timeout')
})

/** When the ping timeout was started, by the event loop's clock. */
function deadlineOf(conn: object): number {
  const { _idleStart } = (conn as { pingTimeoutTimer: { _idleStart: number } }).pingTimeoutTimer
  return _idleStart
}
