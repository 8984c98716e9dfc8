import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket } from 'socket.io'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { build, heard, listen } from '../plugin/harness.js'

/*
 * The protocol of Socket.IO, revision 5, case by case as its test suite has them, in our words: over a WebSocket, against a
 * server of ours with plain listeners, and against Socket.IO alone. What they do is the same, but for one text.
 */

const IO = { pingInterval: 300, pingTimeout: 200, connectTimeout: 1_000 }

/** What the suite wants of a server. */
function answer(socket: Socket): void {
  socket.emit('auth', socket.handshake.auth)
  socket.on('message', (...args) => socket.emit('message-back', ...args))
  socket.on('message-with-ack', (...args) => args.at(-1)(...args.slice(0, -1)))
}

const SERVERS: Record<string, (t: Test) => Promise<number>> = {
  'a server of ours': async (t) => {
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

/** A client that says frames and hears those that come, one after another; the engine's pings it hears where it wants to. */
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
      // Its connection is to live for as long as its test.
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

/** The text of a frame behind what it begins with, as JSON. */
function jsonBehind(t: Test, head: string, frame: Frame): unknown {
  t.ok(String(frame).startsWith(head), `${frame} begins with ${head}`)
  return JSON.parse(String(frame).slice(head.length))
}

/** The engine's connection is open, and nothing more. */
async function open(t: Test, port: number): Promise<Peer> {
  const peer = new Peer(t, port)
  t.match(await peer.hear(), /^0\{"sid":"/)
  return peer
}

/** It has joined the default namespace. */
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

/** What a peer does, and is to see. */
const CASES: readonly (readonly [sentence: string, run: Run])[] = [
  ...[
    ['the default namespace', '40', '40', '42'],
    ['a namespace of its own', '40/custom,', '40/custom,', '42/custom,'],
  ].flatMap(([where, connect, head, event]) =>
    [
      ['', {}],
      ['{"token":"abc"}', { token: 'abc' }],
    ].map(([payload, auth]): [string, Run] => [
      `a CONNECT to ${where} ${payload ? 'with' : 'without'} a payload is answered with a session id, and the payload is its auth`,
      async (t: Test, port: number) => {
        const peer = await open(t, port)
        peer.say(`${connect}${payload}`)
        const told = jsonBehind(t, head as string, await peer.hear()) as { sid: unknown }
        t.strictSame(Object.keys(told), ['sid'])
        t.type(told.sid, 'string')
        t.strictSame(await peer.hear(), `${event}${JSON.stringify(['auth', auth])}`)
      },
    ]),
  ),
  [
    'a CONNECT to an unknown namespace is refused',
    async (t, port, isOurs) => {
      const peer = await open(t, port)
      peer.say('40/random')
      const told = jsonBehind(t, '44/random,', await peer.hear())
      if (isOurs) t.match(told, { message: 'Invalid namespace', data: { code: 'FST_NSP_NAMESPACE_UNKNOWN' } })
      else t.strictSame(told, { message: 'Invalid namespace' })
    },
  ],
  [
    'what is no packet closes a connection that has joined nothing',
    async (t, port) => {
      const peer = await open(t, port)
      peer.say('4abc')
      t.ok(await peer.closed)
    },
  ],
  [
    'a connection that joins nothing is closed',
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
      t.equal(await peer.hearAny(), '2', 'it is pinged')
      t.equal(await peer.hearAny(), '2', 'and again, for it has answered')
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
    'an event carries whatever JSON has, in its order',
    async (t, port) => {
      const peer = await enter(t, port)
      peer.say('42["message",1,"2",{"3":[true]}]')
      t.equal(await peer.hear(), '42["message-back",1,"2",{"3":[true]}]')
    },
  ],
  [
    'an event carries attachments, behind it and in their order',
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
    'whose payload is no list': '42{}',
    'whose ack id is no number': '42abc["message-with-ack",1,"2",{"3":[false]}]',
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
    t.test(`${sentence}: ${server}`, async (t) => run(t, await start(t), server === 'a server of ours'))
  }
}
