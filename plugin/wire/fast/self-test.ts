import { createServer } from 'node:http'
import type { Socket as RawSocket } from 'node:net'
import timers from 'node:timers'
import { Server } from 'socket.io'
import { settlesWithin } from '../../shared/timeout.js'
import { addReceiver } from '../event-receivers.js'
import { createCodec } from '../packet-codec.js'
import { ackText } from '../packet-text.js'
import { WebSocketServer } from '../websocket/websocket-server.js'
import { createFastPath } from './fast-path.js'
import { MemoryClient } from './memory-client.js'

/*
 * Tests the fast path with the installed socket.io and engine.io, in memory: a client joins, sends an event in two chunks,
 * receives its ack and a broadcast, and answers a ping. Compares each byte that the server writes.
 */

const LIMITS = { arguments: 1, depth: 4, payloadBytes: 1_000, bytesWaiting: 0 }
const PING_INTERVAL_MS = 1
/** Far longer than the test takes. */
const LONGEST_MS = 1_000

const PING = '\x81\x012'
const PONG = '3'

/** What the client says, or the server does, and whether the frames are right that the server writes then. */
interface TestStep {
  readonly name: string
  readonly act: (client: MemoryClient, io: Server) => void
  readonly answers: readonly ((frame: string) => boolean)[]
}

// The texts are not ASCII. The first event may come behind a ping, and then goes through the engine.
const EVENT = '427["test","\u00fc"]'
const isAck = (frame: string) => frame === '\x81\x09437["\xc3\xbc"]'

const STEPS: readonly TestStep[] = [
  { name: 'handshake', act() {}, answers: [(frame) => /^\x81(?:~..|[^~])0\{"sid":".*\}$/s.test(frame)] },
  { name: 'join', act: (client) => client.say(['40']), answers: [(frame) => /^\x81.40\{"sid":".*\}$/s.test(frame)] },
  { name: 'two events in two chunks', act: (client) => client.say([EVENT, EVENT], 9), answers: [isAck, isAck] },
  {
    name: 'broadcast',
    act: (_, io) => io.emit('test', '\u00fc'),
    answers: [(frame) => frame === '\x81\x0f42["test","\xc3\xbc"]'],
  },
  { name: 'ping', act() {}, answers: [isPing] },
]

function isPing(frame: string): boolean {
  return frame === PING
}

const { setTimeout: ownSetTimeout } = timers

/** The tests of an application may have replaced node's timers: then the engine sends no ping, and the last step is left out. */
function stepsOfNow(): readonly TestStep[] {
  return timers.setTimeout === ownSetTimeout ? STEPS : STEPS.slice(0, -1)
}

let problem: Promise<string | undefined> | undefined

/**
 * Runs the test once a process.
 *
 * @returns the step whose bytes differ from those of Socket.IO alone, with the bytes; undefined if none does
 */
export function findFastProblem(): Promise<string | undefined> {
  problem ??= testFastPath(WebSocketServer)
  return problem
}

/**
 * @param wsEngine - the value of engine.io's option
 * @param longestMs - how long the whole test may take
 */
export async function testFastPath(wsEngine: unknown, longestMs = LONGEST_MS): Promise<string | undefined> {
  const io = createTestServer(wsEngine)
  const client = new MemoryClient('/socket.io/?EIO=4&transport=websocket')
  let step = 'handshake'
  let slow = 0
  io.on('connection', ({ conn }) => conn.transport.on('packet', ({ data }) => void (data === EVENT.slice(1) && slow++)))

  async function talk(): Promise<void> {
    io.engine.handleUpgrade(client.request, client as unknown as RawSocket, Buffer.alloc(0))
    for (const { name, act, answers } of stepsOfNow()) {
      step = name
      act(client, io)
      for (const answer of answers) {
        let frame = await client.hear()
        for (; isPing(frame) && answer !== isPing; frame = await client.hear()) client.say([PONG])
        if (!answer(frame)) throw new Error(JSON.stringify(frame))
      }
    }
  }

  try {
    const talked = talk()
    if (!(await settlesWithin(longestMs, talked))) throw new Error('no answer')
    await talked
    return slow < 2 ? undefined : 'an event does not take the fast path'
  } catch (error) {
    return `${step}: ${(error as Error).message}`
  } finally {
    client.destroy()
    void io.close()
  }
}

/** A server with the fast path and nothing else. It acks its event with what it came with. */
function createTestServer(wsEngine: unknown): Server {
  const codec = createCodec({
    limits: LIMITS,
    receiveConnect: (_connection, _packet, pass) => pass(),
    explain: (refusal) => refusal,
  })
  const options = {
    wsEngine,
    parser: codec.parser,
    serveClient: false,
    pingInterval: PING_INTERVAL_MS,
    transports: ['websocket'],
  }
  const io = new Server(createServer(), options as ConstructorParameters<typeof Server>[1])
  io.engine.prependListener('connection', codec.expect)
  const openFast = createFastPath({ io, options: {}, limits: LIMITS, report: () => {} })
  io.on('connection', ({ conn, client }) => {
    openFast({ conn, client })
    addReceiver(conn, {
      namespace: '/',
      knows: () => true,
      receive: ([, payload], id) => void conn.write(ackText('/', Number(id), JSON.stringify(payload))),
      abort: () => conn.close(),
    })
  })
  return io
}
