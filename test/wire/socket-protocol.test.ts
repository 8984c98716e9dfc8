import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket } from 'socket.io'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { build, heard, listen } from '../plugin/harness.js'

/*
 * Socket.IO's protocol, revision 5: the cases of its own test suite, written anew, over a WebSocket. They run against a server
 * with the plugin and plain listeners, and against Socket.IO alone. Both behave the same, except for one error.
 */

const IO = { pingInterval: 300, connectTimeout: 1_000 }

/** The listeners that the suite needs. */
function answer(socket: Socket): void {
  socket.emit('auth', socket.handshake.auth)
  socket.on('message', (...args) => socket.emit('message-back', ...args))
  socket.on('message-with-ack', (...args) => args.at(-1)(...args.slice(0, -1)))
}

const SERVERS: Record<string, (t: Test) => Promise<number>> = {
  'a server with the plugin': async (t) => {
    const app = await build(t, { io: IO, namespaces: { '/': {}, '/custom': {} } })
    for (const name of ['/', '/custom']) app.io.of(name).on('connection', answer)
    return listen(app)
  },
  'Socket.IO alone': async (t) => {
    const http = createServer()
    const io = new Server(http, IO)
    t.teardown(() => io.close())
    for (const name of ['/', '/custom']) io.of(name).on('connection', answer)
    http.listen(0, '127.0.0.1')
    await heard(http, 'listening')
    return (http.address() as AddressInfo).port
  },
}

type Frame = string | Buffer

/** A raw client that sends frames and reads the received ones in order; with hearAny() also the engine's pings. */
class Peer {
  readonly #socket: WebSocket
  readonly closed: Promise<unknown>
  readonly #frames: Frame[] = []
  #wake: () => void = () => {}

  constructor(t: Test, port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`)
    t.teardown(() => this.#socket.terminate())
    this.closed = heard(this.#socket, 'close')
    this.#socket.on('message', (data, isBinary) => {
      const frame = isBinary ? (data as Buffer) : String(data)
      // Keeps the connection open during the test.
      if (frame === '2') this.#socket.send('3')
      this.#frames.push(frame)
      this.#wake()
    })
  }

  say(...frames: (string | Uint8Array)[]): void {
    for (const frame of frames) this.#socket.send(frame)
  }

  async hearAny(): Promise<Frame> {
    while (this.#frames.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#frames.shift() as Frame
  }

  async hear(): Promise<Frame> {
    const frame = await this.hearAny()
    return frame === '2' ? this.hear() : frame
  }
}

/** Parses the JSON behind the head of a frame. */
function jsonBehind(t: Test, head: string, frame: Frame): unknown {
  t.ok(String(frame).startsWith(head), `${frame} begins with ${head}`)
  return JSON.parse(String(frame).slice(head.length))
}

/** Opens an engine session without joining a namespace. */
async function open(t: Test, port: number): Promise<Peer> {
  const peer = new Peer(t, port)
  t.match(await peer.hear(), /^0\{"sid":"/)
  return peer
}

/** Opens an engine session and joins the default namespace. */
async function enter(t: Test, port: number): Promise<Peer> {
  const peer = await open(t, port)
  peer.say('40')
  t.match(await peer.hear(), /^40\{/)
  t.match(await peer.hear(), /^42\["auth",/)
  return peer
}

const PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
const ATTACHMENTS = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])]

type Run = (t: Test, port: number, isOurs: boolean) => Promise<void>

/** What a client sends, and has to receive. */
const CASES: readonly (readonly [sentence: string, run: Run])[] = [
  ...[
    ['the default namespace', '40', '40', '42'],
    ['a custom namespace', '40/custom,', '40/custom,', '42/custom,'],
  ].flatMap(([where, connect, head, event]) =>
    [
      ['', {}],
      ['{"token":"abc"}', { token: 'abc' }],
    ].map(([payload, auth]): [string, Run] => [
      `a CONNECT to ${where} ${payload ? 'with' : 'without'} a payload is answered with the id of the socket, and the payload is its auth`,
      async (t: Test, port: number) => {
        const peer = await open(t, port)
        peer.say(`${connect}${payload}`)
        const connected = jsonBehind(t, head as string, await peer.hear()) as { sid: unknown }
        t.strictSame(Object.keys(connected), ['sid'])
        t.type(connected.sid, 'string')
        t.strictSame(await peer.hear(), `${event}${JSON.stringify(['auth', auth])}`)
      },
    ]),
  ),
  [
    'a CONNECT to an unknown namespace is refused',
    async (t, port, isOurs) => {
      const peer = await open(t, port)
      peer.say('40/random')
      const error = jsonBehind(t, '44/random,', await peer.hear())
      if (isOurs) t.match(error, { message: 'Invalid namespace', data: { code: 'FST_NSP_NAMESPACE_UNKNOWN' } })
      else t.strictSame(error, { message: 'Invalid namespace' })
    },
  ],
  [
    'an invalid packet closes a connection that has not joined a namespace',
    async (t, port) => {
      const peer = await open(t, port)
      peer.say('4abc')
      t.ok(await peer.closed)
    },
  ],
  [
    'a connection that joins no namespace in time is closed',
    async (t, port) => {
      const peer = await open(t, port)
      t.ok(await peer.closed)
    },
  ],
  [
    'a DISCONNECT from the default namespace leaves the connection open',
    async (t, port) => {
      const peer = await enter(t, port)
      peer.say('41')
      t.equal(await peer.hearAny(), '2', 'the engine sends a ping')
      t.equal(await peer.hearAny(), '2', 'and another, after the pong')
    },
  ],
  [
    'a DISCONNECT from one namespace leaves the others joined',
    async (t, port) => {
      const peer = await enter(t, port)
      peer.say('40/custom')
      t.match(await peer.hear(), /^40\/custom,/)
      t.match(await peer.hear(), /^42\/custom,\["auth",/)
      peer.say('41/custom', '42["message","to the default namespace"]')
      t.equal(await peer.hear(), '42["message-back","to the default namespace"]')
    },
  ],
  [
    'an event carries any JSON values, in their order',
    async (t, port) => {
      const peer = await enter(t, port)
      peer.say('42["message",1,"2",{"3":[true]}]')
      t.equal(await peer.hear(), '42["message-back",1,"2",{"3":[true]}]')
    },
  ],
  [
    'an event carries attachments behind it, in their order',
    async (t, port) => {
      const peer = await enter(t, port)
      peer.say(`452-["message",${PLACEHOLDERS}]`, ...ATTACHMENTS)
      t.equal(await peer.hear(), `452-["message-back",${PLACEHOLDERS}]`)
      for (const attachment of ATTACHMENTS) t.strictSame(await peer.hear(), attachment)
    },
  ],
  [
    'an event with an id is acked with that id',
    async (t, port) => {
      const peer = await enter(t, port)
      peer.say('42456["message-with-ack",1,"2",{"3":[false]}]')
      t.equal(await peer.hear(), '43456[1,"2",{"3":[false]}]')
    },
  ],
  [
    'an event with an id and attachments is acked with attachments',
    async (t, port) => {
      const peer = await enter(t, port)
      peer.say(`452-789["message-with-ack",${PLACEHOLDERS}]`, ...ATTACHMENTS)
      t.equal(await peer.hear(), `462-789[${PLACEHOLDERS}]`)
      for (const attachment of ATTACHMENTS) t.strictSame(await peer.hear(), attachment)
    },
  ],
  ...Object.entries({
    'of an unknown type': '4abc',
    'whose payload is not a list': '42{}',
    'whose ack id is not a number': '42abc["message-with-ack",1,"2",{"3":[false]}]',
  }).map(([what, frame]): [string, Run] => [
    `a packet ${what} closes its connection`,
    async (t: Test, port: number) => {
      const peer = await enter(t, port)
      peer.say(frame)
      t.ok(await peer.closed)
    },
  ]),
]

for (const [server, start] of Object.entries(SERVERS)) {
  for (const [sentence, run] of CASES) {
    t.test(`${sentence}: ${server}`, async (t) => run(t, await start(t), server === 'a server with the plugin'))
  }
}
