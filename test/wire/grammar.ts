import { frame, OPCODE } from './wire.js'

/*
 * Generates valid and invalid packets for the fuzzer, from a seed, so that each can be generated again.
 */

/** One input: its WebSocket frames, and the chunks that a decoder gets. */
export interface Packet {
  readonly frames: readonly Uint8Array[]
  readonly chunks: readonly (string | Buffer)[]
  readonly text?: string
  /** The ack id of an event that must be acked exactly once unless its connection is closed. */
  readonly id?: number
  /** Bytes that may declare a larger length than they have: the next input may be read as a part of them, without an ack. */
  readonly isRaw?: boolean
}

export interface Grammar {
  /** Inputs for a connection that has joined a namespace: in most batches none closes it, in others some may. */
  batch(namespace: string): readonly Packet[]
  /** Connects to and disconnects from a few addresses, repeated and mixed, with events between them. */
  joins(): readonly Packet[]
  /** A random integer below a bound. */
  below(bound: number): number
}

const NAMES = [
  'any',
  'echo',
  'later',
  'fails',
  'nope',
  'throws',
  'rejects',
  '__proto__',
  'constructor',
  'error',
  '',
  'last',
  'tail',
  'namespace:more',
  'namespace:cancel',
]
const KEYS = ['text', 'a', '_placeholder', 'num', 'toJSON', 'then', 'length', '', '\u{1f600}', '0', 'ok', 'error']
const POISON = ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']
const SCALARS = [
  '0',
  '-0',
  '1',
  '1e400',
  '-1.5e-9',
  '9007199254740993',
  'null',
  'true',
  'false',
  '""',
  '"x"',
  '"\\u0000"',
]
const STRINGS = ['"\\ud800"', '"\u20ac"', '"\u{1f600}"', '"\\u001e"', '"__proto__"', `"${'x'.repeat(2_000)}"`]
const BROKEN = ['{', ']', '"', 'NaN', 'undefined', '01', '{"a":}', '[1,]', "'x'", '\\', '\0']
const TYPES = ['0', '1', '2', '3', '4', '5', '6', '7', '9', 'x', '', '-']
const NAMESPACES = ['/', '/chat', '/plain', '/nope', '/__proto__', '/chat?x=1', '//', '/CHAT']
const IDS = ['99999999999999999999', '-1', '1.5', '1e3', ' ', '1 2', '9007199254740992', 'x']
const NOISE = ['[', ']', '{', '}', '"', ',', ':', '-', '/', '0', '9', 'e', '\\', '\0', '\x1e', ' ', '\u20ac']

// Acks are counted by their ids: no other packet may have the id of a counted event, not even after a mutation,
// which inserts no 1.
const FIRST_ID = 10_000
const WRONG_ID = 500_000

/** A random number generator, [0, 1), by mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Events that are sent with attachments, of all schemas, also of those that iterate over their payload. */
const BINARY_NAMES = ['any', 'echo', 'later', 'nope', 'text', 'list', 'map', 'open', 'standard', 'file']

export function createGrammar(seed: number): Grammar {
  const random = createRandom(seed)
  const below = (bound: number) => Math.floor(random() * bound)
  const chance = (probability: number) => random() < probability
  const pick = <Item>(items: readonly Item[]) => items[below(items.length)] as Item
  const several = (count: number, make: () => string) => Array.from({ length: count }, make).join()

  function value(depth: number): string {
    const kind = depth > 0 ? below(10) : below(6)
    if (kind < 4) return pick(SCALARS)
    if (kind < 6) return pick(STRINGS)
    if (kind < 8) return `[${several(below(4), () => value(depth - 1))}]`
    return `{${several(below(4), () => `"${key()}":${value(depth - 1)}`)}}`
  }

  function key(): string {
    return chance(0.02) ? pick(POISON) : pick(KEYS)
  }

  /** An argument: a valid payload, random JSON, or JSON beyond a limit. */
  function argument(): string {
    const roll = random()
    if (roll < 0.3) return '{"text":"x"}'
    if (roll < 0.9) return value(4)
    if (roll < 0.93) return `{"a":[{"${pick(POISON)}":${value(1)}}]}`
    const depth = pick([31, 32, 33, 100, 1_000])
    const [open, close] = chance(0.5) ? ['[', ']'] : ['{"a":', '}']
    if (roll < 0.96) return `${open.repeat(depth)}1${close.repeat(depth)}`
    return chance(0.1) ? `[${several(5_000, () => '1')}]` : value(6)
  }

  function args(): string {
    const count = chance(0.03) ? pick([15, 16, 17, 500]) : chance(0.8) ? 1 : below(4)
    return several(count, argument)
  }

  function name(): string {
    return chance(0.05) ? pick(['0', '1e400', '7']) : JSON.stringify(pick(NAMES))
  }

  /** A well-formed event with any payload: it must be acked. */
  function event(namespace: string, index: number): Packet {
    const at = namespace === '/' ? '' : `${namespace},`
    const rest = args()
    return ofText(`42${at}${index}[${name()}${rest && ','}${rest}]`, index)
  }

  /** An event with attachments; one may be referenced twice, or be missing. */
  function binaryEvent(namespace: string, index: number, isSound: boolean): Packet {
    const at = namespace === '/' ? '' : `${namespace},`
    const count = 1 + below(3)
    const places = several(
      count,
      () => `{"_placeholder":true,"num":${isSound ? below(count) : pick(['-1', '9', '"0"', '0.5', 'null'])}}`,
    )
    const [first = ''] = places.split(/(?<=\}),/)
    const payload = pick([`[${places}]`, `{"text":${first}}`, first, `{"data":${first}}`, within(first, 1 + below(30))])
    const header = `5${count}-${at}${index}[${JSON.stringify(pick(BINARY_NAMES))},${payload}]`
    const buffers = Array.from({ length: isSound ? count : below(5) }, () => Buffer.alloc(below(40), below(256)))
    return {
      frames: [frame(OPCODE.text, `4${header}`), ...buffers.map((buffer) => frame(OPCODE.binary, buffer))],
      chunks: [header, ...buffers],
      text: `4${header}`,
      ...(isSound && { id: index }),
    }
  }

  /** Nests JSON in lists and objects, that many levels deep. */
  function within(json: string, depth: number): string {
    if (depth === 0) return json
    return within(chance(0.5) ? `[1,${json}]` : `{"a":${json},"text":"x"}`, depth - 1)
  }

  /** A packet whose parts are chosen independently. */
  function anyPacket(namespace: string): Packet {
    const type = pick(TYPES)
    const at = chance(0.6) ? namespace : pick(NAMESPACES)
    const attachments = chance(0.1) ? `${pick(['1', '0', '-1', '11', 'x'])}-` : ''
    const id = chance(0.5) ? String(below(1_000)) : pick(IDS)
    const data = chance(0.6) ? `[${name()},${args()}]` : chance(0.5) ? value(3) : pick(BROKEN)
    return ofText(`4${type}${attachments}${at === '/' && chance(0.5) ? '' : `${at},`}${chance(0.5) ? id : ''}${data}`)
  }

  /** A packet with a few changed characters. */
  function mutated({ text = '' }: Packet): Packet {
    let changed = text
    for (let rest = 1 + below(4); rest > 0; rest--) {
      const from = below(changed.length + 1)
      const to = from + pick([0, 0, 1, 1, 5])
      changed = changed.slice(0, from) + (chance(0.7) ? pick(NOISE) : '') + changed.slice(to)
    }
    return ofText(changed)
  }

  function enginePacket(): Packet {
    return ofText(pick(['3', '3x', '6', '5', '0{"sid":"x"}', '1', '2', '4', '7', '', 'bAAAA', '3probe']))
  }

  /** A packet of any kind that does not close its connection. */
  function harmless(namespace: string): Packet {
    const at = namespace === '/' ? '' : `${namespace},`
    return ofText(
      pick([
        `43${at}${below(1_000)}[1]`,
        '3',
        '6',
        `40/nope${below(100)},`,
        `40${at}`,
        `40${at}{"a":${value(2)}}`,
        '40/plain,',
        `42${at}["any",${argument()}]`,
        `42${at}["asks"]`,
        `42${at}${below(1_000)}["tail",${argument()},{"id":"${below(3)}","credits":${pick(['1', '4', '1e300'])}}]`,
        `42${at}["namespace:more","${below(3)}",${pick(SCALARS)}]`,
        `42${at}["namespace:cancel","${below(3)}"]`,
      ]),
    )
  }

  /** A frame, well-formed or not, or random bytes. */
  function frames(namespace: string): Packet {
    const { text = '' } = event(namespace, WRONG_ID)
    const half = below(text.length)
    const bytes = Buffer.from(text)
    const options = {
      reserved: chance(0.1) ? pick([0x10, 0x20, 0x40]) : 0,
      isMasked: chance(0.9),
      isFinal: chance(0.8),
    }
    const made = pick<() => Uint8Array[]>([
      () => [frame(below(16), chance(0.5) ? text.slice(0, 120) : '', options)],
      () => [
        frame(OPCODE.text, bytes.subarray(0, half), { isFinal: false }),
        frame(OPCODE.ping, 'x'),
        frame(OPCODE.continuation, bytes.subarray(half)),
      ],
      () => [frame(OPCODE.text, Buffer.from(Array.from({ length: below(20) }, () => below(256))))],
      () => [frame(OPCODE.close, Buffer.from([below(256), below(256), below(256)].slice(0, below(4))))],
      () => [frame(OPCODE.ping, Buffer.alloc(below(126)))],
      () => [frame(OPCODE.pong, Buffer.alloc(below(126)))],
      () => [Buffer.from(Array.from({ length: 2 + below(30) }, () => below(256)))],
    ])()
    return { frames: made, chunks: [], isRaw: true }
  }

  function sound(namespace: string, index: number): Packet {
    const roll = random()
    if (roll < 0.75) return event(namespace, index)
    return roll < 0.85 ? binaryEvent(namespace, index, true) : harmless(namespace)
  }

  function broken(namespace: string): Packet {
    const roll = random()
    if (roll < 0.3) return mutated(event(namespace, WRONG_ID))
    if (roll < 0.55) return anyPacket(namespace)
    if (roll < 0.75) return binaryEvent(namespace, WRONG_ID, false)
    return roll < 0.9 ? frames(namespace) : enginePacket()
  }

  /** A connect to one of a few addresses, a disconnect from it, or an event for it, joined or not. */
  function join(): Packet {
    const address = chance(0.02) ? `/deaf/${below(3)}` : `/orgs/${chance(0.2) ? 'no' : ''}${below(4)}`
    const roll = random()
    if (roll < 0.7) return ofText(`40${address},${chance(0.5) ? '' : `{"details":${value(2)}}`}`)
    if (roll < 0.85) return ofText(`42${address},${below(1_000)}["any",1]`)
    return ofText(`41${address},`)
  }

  return {
    below,
    joins: () => Array.from({ length: 1 + below(12) }, join),
    batch(namespace) {
      if (chance(0.7)) return Array.from({ length: 40 }, (_, nth) => sound(namespace, FIRST_ID + nth))
      // Short, because packets behind one that closes its connection are never read.
      return Array.from({ length: 8 }, (_, nth) => (chance(0.8) ? sound(namespace, FIRST_ID + nth) : broken(namespace)))
    },
  }
}

function ofText(text: string, id?: number): Packet {
  return {
    frames: [frame(OPCODE.text, text)],
    chunks: text.startsWith('4') ? [text.slice(1)] : [],
    text,
    ...(id !== undefined && { id }),
  }
}
