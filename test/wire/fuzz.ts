import { writeFileSync } from 'node:fs'
import { setImmediate as nextLoop } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Socket } from 'socket.io-client'
import { Manager } from 'socket.io-client'
import { DEFAULT_LIMITS } from '../../plugin/shared/limits.js'
import { createCodec } from '../../plugin/wire/packet-codec.js'
import { PacketRefusal } from '../../plugin/wire/packet-limits.js'
import { settled, takeHoldings } from './census.js'
import { createGrammar, type Grammar, type Packet } from './grammar.js'
import { startTarget, type Target } from './server.js'
import { WireSocket } from './wire.js'

/*
 * A seeded fuzzer: node --import tsx test/wire/fuzz.ts --runs 1000000 --seed 1 [--long-way] [--output fuzz-failure.json]
 *
 * Sends valid and mutated packets to two servers, one with higher limits and one with the defaults, and some directly to the
 * decoder. Other connections join and leave, and are lost at any moment. No error may be uncaught; every event with an ack id gets
 * exactly one ack while its connection is open; a socket.io-client gets its acks all the time. After each thousand inputs all
 * connections close, and the servers must hold what they held before. A failure is written to the output file.
 */

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    // with `fast: false`
    'long-way': { type: 'boolean', default: false },
    output: { type: 'string', default: 'fuzz-failure.json' },
  },
})
const runs = Number(values.runs)
const seed = Number(values.seed)
if (!Number.isSafeInteger(runs) || !Number.isSafeInteger(seed)) throw new TypeError('--runs and --seed are integers')

/** After this time an answer counts as missing. */
const PATIENCE_MS = 60_000

/** Rounds between two echos of socket.io-client. */
const ROUNDS_PER_ECHO = 20
const LAST_ID = 999_999
/** Inputs between two checks of what the servers hold. */
const INPUTS_PER_AUDIT = 1_000
/** Longer than `admissionTimeoutMs`, after which a connect to a namespace whose middleware never settles is refused. */
const AUDIT_PATIENCE_MS = 60_000

/** The acks of the client for emits of the server. */
const ANSWERS = ['[null]', '[]', '[{"text":"x"}]', '[1,2]', '', `[${'1,'.repeat(99)}1]`]

class Failure extends Error {
  readonly packets: readonly Packet[]

  constructor(message: string, packets: readonly Packet[]) {
    super(message)
    this.packets = packets
  }
}

/** Totals: counted acks, opened connections. */
const seen = { acks: 0, connections: 0 }

/** The inputs that are being sent: which of them has caused a failure is not known. */
let current: { index: number; packets: readonly Packet[] } = { index: 0, packets: [] }

function giveUp(error: unknown): never {
  const { message, stack } = error as Error
  const packets = error instanceof Failure ? error.packets : current.packets
  const inputs = packets.map(({ frames, text }) => text ?? Buffer.concat(frames).toString('base64'))
  writeFileSync(values.output, `${JSON.stringify({ seed, index: current.index, message, stack, inputs }, null, 2)}\n`)
  console.error(`failed at about input ${current.index}: ${message}\nwritten to ${values.output}`)
  process.exit(1)
}
process.on('uncaughtException', giveUp)
process.on('unhandledRejection', giveUp)

/** A connection that is opened again whenever the server has closed it. */
class Attacker {
  readonly #target: Target
  readonly #namespace: string
  #socket: WireSocket | undefined

  constructor(target: Target, namespace: string) {
    this.#target = target
    this.#namespace = namespace
  }

  async attack(packets: readonly Packet[]): Promise<void> {
    this.#socket ??= await this.#open()
    const socket = this.#socket
    const at = this.#namespace === '/' ? '' : `${this.#namespace},`
    socket.tcp.write(Buffer.concat(packets.flatMap(({ frames }) => frames)))
    socket.say(`42${at}${LAST_ID}["last"]`)
    // Behind a leave in the same chunk no event is acked, as with Socket.IO itself.
    if (packets.some(({ isRaw, text }) => isRaw || text?.startsWith('41'))) {
      // Waits as long as it takes to open and close another connection: the server has sent its answers by then.
      const other = await this.#open()
      await Promise.all([other.end(), socket.end()])
      this.#socket = undefined
      return
    }
    const acks = new Map<number, number>()
    for (;;) {
      const message = await socket.next()
      if (typeof message === 'object' && 'closed' in message) {
        await socket.end()
        this.#socket = undefined
        return
      }
      if (typeof message !== 'string') continue
      const question = /^42\/plain,(\d+)\["question"/.exec(message)?.[1]
      if (question) socket.say(`43/plain,${question}${ANSWERS[Number(question) % ANSWERS.length]}`)
      const id = ackOf(message, at)
      if (id === LAST_ID) {
        if (message.includes('"ok":true')) break
        // Refused by a limit: try again.
        socket.say(`42${at}${LAST_ID}["last"]`)
      } else if (id !== undefined) acks.set(id, (acks.get(id) ?? 0) + 1)
    }
    check(acks, packets)
  }

  async #open(): Promise<WireSocket> {
    const socket = await WireSocket.open(this.#target.port)
    await socket.join(this.#namespace)
    seen.connections++
    return socket
  }

  async end(): Promise<void> {
    await this.#socket?.end()
    this.#socket = undefined
  }
}

/** Joins and leaves, in one chunk or two, and closes the connection in any phase of its joins. */
async function joinAndGo({ port }: Target, grammar: Grammar, packets: readonly Packet[]): Promise<void> {
  const socket = await WireSocket.open(port)
  seen.connections++
  const frames = packets.flatMap(({ frames }) => frames)
  const cut = grammar.below(frames.length + 1)
  socket.tcp.write(Buffer.concat(frames.slice(0, cut)))
  for (let rest = grammar.below(12); rest > 0; rest--) await nextLoop()
  socket.tcp.write(Buffer.concat(frames.slice(cut)))
  for (let rest = grammar.below(12); rest > 0; rest--) await nextLoop()
  if (grammar.below(4) === 0) await socket.next()
  await socket.end()
}

/** Checks that every event with an ack id was acked once. */
function check(acks: ReadonlyMap<number, number>, packets: readonly Packet[]): void {
  for (const { id, text } of packets) {
    if (id === undefined) continue
    const count = acks.get(id) ?? 0
    seen.acks += count
    if (count !== 1) throw new Failure(`${count} acks for ${text?.slice(0, 200)}`, packets)
  }
}

function ackOf(message: string, at: string): number | undefined {
  const match = /^4(?:3|6\d+-)(\/[^,]*,)?(\d+)\[/.exec(message.slice(0, 60))
  return match && (match[1] ?? '') === at ? Number(match[2]) : undefined
}

/** Feeds the decoder directly: it may throw, as for any violation of the protocol, but must not emit a packet beyond the limits. */
function decode(packets: readonly Packet[]): void {
  const { Decoder } = createCodec({
    limits: DEFAULT_LIMITS,
    receiveConnect: (_connection, _packet, pass) => pass(),
    explain: (refusal) => refusal,
  }).parser
  let decoder = createDecoder()
  for (const { chunks } of packets) {
    for (const chunk of chunks) {
      try {
        decoder.add(chunk)
      } catch (error) {
        if (error instanceof Failure) throw error
        decoder.destroy()
        decoder = createDecoder()
      }
    }
  }
  decoder.destroy()

  function createDecoder() {
    const fresh = new Decoder() as InstanceType<typeof Decoder> & { add(chunk: string | Buffer): void; destroy(): void }
    fresh.on('decoded', ({ type, data, id }: { type: number; data: unknown; id?: number }) => {
      if (data instanceof PacketRefusal) return
      if (id !== undefined && !Number.isSafeInteger(id)) throw new Failure(`the ack id ${id} was let through`, packets)
      if (Array.isArray(data) && data.length > DEFAULT_LIMITS.arguments + 1) {
        throw new Failure(`${data.length} arguments were let through`, packets)
      }
      if (type === 2 && !Array.isArray(data)) throw new Failure('an event without a name was let through', packets)
      assertWithin(data, DEFAULT_LIMITS.depth + 1, packets)
    })
    return fresh
  }
}

function assertWithin(value: unknown, depth: number, packets: readonly Packet[]): void {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof PacketRefusal) return
  if (depth === 0) throw new Failure('a packet nested too deeply was let through', packets)
  for (const key of Reflect.ownKeys(value)) {
    const isPath = key === 'constructor' && Object.hasOwn(Object(Reflect.get(value, key)), 'prototype')
    if (key === '__proto__' || isPath) throw new Failure(`the key ${String(key)} was let through`, packets)
    if (key !== 'length') assertWithin(Reflect.get(value, key), depth - 1, packets)
  }
}

async function echo(canary: Socket): Promise<void> {
  const text = String(current.index)
  const answer = await canary.timeout(PATIENCE_MS).emitWithAck('echo', { text })
  if (answer?.data?.text !== text) throw new Failure(`the echo of socket.io-client was ${JSON.stringify(answer)}`, [])
}

async function main(): Promise<void> {
  const grammar = createGrammar(seed)
  const mode = { fast: !values['long-way'] }
  const turnedUp = await startTarget({ eventsPerSecond: 0, eventsInFlight: 0 }, mode)
  const byDefault = await startTarget({}, mode)
  const managers = [turnedUp, byDefault].map(({ port }) => {
    return new Manager(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false })
  })
  const canaries = managers.map((manager) => manager.socket('/chat'))
  await Promise.all(canaries.map((canary) => new Promise<void>((resolve) => canary.once('connect', resolve))))
  const attackers = [
    ...['/', '/chat', '/chat', '/plain'].map((name) => ({ attacker: new Attacker(turnedUp, name), name })),
    ...['/chat', '/plain'].map((name) => ({ attacker: new Attacker(byDefault, name), name })),
  ]
  const targets = [turnedUp, byDefault]
  await Promise.all(canaries.map(echo))
  const holdings = targets.map(takeHoldings)
  let auditedAt = 0
  const started = performance.now()
  let reportedAt = started
  let watched = -1
  const watch = setInterval(() => {
    if (watched === current.index) giveUp(new Error('an answer is missing'))
    watched = current.index
  }, PATIENCE_MS)
  for (let round = 0; current.index < runs; round++) {
    const batches = attackers.map(({ attacker, name }) => {
      return { attacker, packets: grammar.batch(name) }
    })
    const forDecoder = [...grammar.batch('/chat'), ...grammar.batch('/'), ...grammar.batch('/plain')]
    const joins = targets.map((target) => ({ target, packets: grammar.joins() }))
    current = {
      ...current,
      packets: [
        ...batches.flatMap(({ packets }) => packets),
        ...forDecoder,
        ...joins.flatMap(({ packets }) => packets),
      ],
    }
    await Promise.all([
      ...batches.map(({ attacker, packets }) => attacker.attack(packets)),
      ...joins.map(({ target, packets }) => joinAndGo(target, grammar, packets)),
    ])
    decode(forDecoder)
    current = { ...current, index: current.index + current.packets.length }
    if (round % ROUNDS_PER_ECHO === 0) await Promise.all(canaries.map(echo))
    if (current.index - auditedAt >= INPUTS_PER_AUDIT) {
      auditedAt = current.index
      await Promise.all(attackers.map(({ attacker }) => attacker.end()))
      for (const [index, target] of targets.entries()) await settled(target, holdings[index] ?? {}, AUDIT_PATIENCE_MS)
    }
    if (performance.now() - reportedAt < 5_000) continue
    reportedAt = performance.now()
    report(started)
  }
  await Promise.all(canaries.map(echo))
  report(started)
  clearInterval(watch)
  for (const canary of canaries) canary.disconnect()
  await Promise.all(attackers.map(({ attacker }) => attacker.end()))
  await Promise.all([turnedUp.app.close(), byDefault.app.close()])
}

function report(started: number): void {
  const seconds = (performance.now() - started) / 1_000
  const rate = Math.round(current.index / seconds)
  const megabytes = Math.round(process.memoryUsage().heapUsed / 1e6)
  const { acks, connections } = seen
  console.log(
    `${current.index} inputs in ${seconds.toFixed(1)} s (${rate} a second): ${acks} acks counted, ${connections} connections, heap ${megabytes} MB`,
  )
}

main().catch(giveUp)
