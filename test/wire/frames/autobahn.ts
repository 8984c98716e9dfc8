import { closing, type FrameOptions, OPCODE } from '../wire.js'

/*
 * The cases of the Autobahn suite for servers, without those of compression, as a table of our own: what a client sends to a server
 * that echoes each message, and what comes back. Where ws differs from the suite, a comment says so.
 */

export interface Frame extends FrameOptions {
  readonly opcode: number
  readonly payload: string | Buffer
}

/** How the client's bytes are written: at once, frame by frame, or so many bytes at a time. */
export type Chop = 'whole' | 'frames' | number

/** Id, what the client sends, in which chops, and what comes back. */
export type Case = readonly [id: string, sent: readonly Frame[], chop: Chop, back: readonly Frame[]]

type Make = (payload?: string | Buffer, options?: FrameOptions) => Frame

const maker = (opcode: number): Make => {
  return (payload = '', options = {}) => ({ opcode, payload, ...options })
}
const text = maker(OPCODE.text)
const binary = maker(OPCODE.binary)
const more = maker(OPCODE.continuation)
const ping = maker(OPCODE.ping)
const pong = maker(OPCODE.pong)
const close = (code?: number, reason: string | Buffer = ''): Frame => {
  return maker(OPCODE.close)(code === undefined ? '' : closing(code, reason))
}

const PART = { isFinal: false } as const
const HELLO = 'Hello, world!'
const BYTES = Buffer.from('00fffefdfcfb00ff', 'hex')
const KIB = 1024
const MIB = 1024 * KIB

/** The server answers, and the client closes. */
function good(id: string, sent: readonly Frame[], back: readonly Frame[], chop: Chop = 'whole'): Case {
  return [id, [...sent, close(1000)], chop, [...back, close(1000)]]
}

/** The server refuses what is sent, perhaps after it has answered the beginning. */
function bad(
  id: string,
  sent: readonly Frame[],
  code: number,
  back: readonly Frame[] = [],
  chop: Chop = 'whole',
): Case {
  return [id, sent, chop, [...back, close(code)]]
}

/** A case for each item; its id ends with the item's position. */
function each<Item>(section: string, items: readonly Item[], make: (id: string, item: Item) => Case): Case[] {
  return items.map((item, nth) => make(`${section}.${nth + 1}`, item))
}

const filled = (size: number) => 'x'.repeat(size)
const filledBytes = (size: number) => Buffer.alloc(size, 0xfe)

const SIZES = [0, 125, 126, 127, 128, 65_535, 65_536]
const framing: Case[] = [
  ...each('1.1', SIZES, (id, size) => good(id, [text(filled(size))], [text(filled(size))])),
  good('1.1.8', [text(filled(65_536))], [text(filled(65_536))], 997),
  ...each('1.2', SIZES, (id, size) => good(id, [binary(filledBytes(size))], [binary(filledBytes(size))])),
  good('1.2.8', [binary(filledBytes(65_536))], [binary(filledBytes(65_536))], 997),
]

const TEN = Array.from({ length: 10 }, (_, nth) => `payload ${nth}`)
const pingsAndPongs: Case[] = [
  good('2.1', [ping()], [pong()]),
  good('2.2', [ping(HELLO)], [pong(HELLO)]),
  good('2.3', [ping(BYTES)], [pong(BYTES)]),
  good('2.4', [ping(filledBytes(125))], [pong(filledBytes(125))]),
  bad('2.5', [ping(filledBytes(126))], 1002),
  good('2.6', [ping(filledBytes(125))], [pong(filledBytes(125))], 1),
  good('2.7', [pong()], []),
  good('2.8', [pong('unsolicited')], []),
  good('2.9', [pong('unsolicited'), ping(HELLO)], [pong(HELLO)]),
  good(
    '2.10',
    TEN.map((payload) => ping(payload)),
    TEN.map((payload) => pong(payload)),
  ),
  good(
    '2.11',
    TEN.map((payload) => ping(payload)),
    TEN.map((payload) => pong(payload)),
    1,
  ),
]

const reserved = (bits: number) => ({ reserved: bits << 4 })
const reservedBits: Case[] = [
  bad('3.1', [text(HELLO, reserved(1))], 1002),
  bad('3.2', [text(HELLO), text(HELLO, reserved(2)), ping()], 1002, [text(HELLO)]),
  bad('3.3', [text(HELLO), text(HELLO, reserved(3)), ping()], 1002, [text(HELLO)], 'frames'),
  bad('3.4', [text(HELLO), text(HELLO, reserved(4)), ping()], 1002, [text(HELLO)], 1),
  bad('3.5', [binary(BYTES, reserved(5))], 1002),
  bad('3.6', [ping(HELLO, reserved(6))], 1002),
  bad('3.7', [{ ...close(1000), ...reserved(7) }], 1002),
]

/** The five cases of unknown opcodes. */
function unknownOpcodes(section: string, from: number): Case[] {
  const [first, second, third, fourth, fifth] = [0, 1, 2, 3, 4].map((nth) => maker(from + nth)) as [
    Make,
    Make,
    Make,
    Make,
    Make,
  ]
  return [
    bad(`${section}.1`, [first()], 1002),
    bad(`${section}.2`, [second('reserved opcode')], 1002),
    bad(`${section}.3`, [text(HELLO), third(), ping()], 1002, [text(HELLO)]),
    bad(`${section}.4`, [text(HELLO), fourth(HELLO), ping()], 1002, [text(HELLO)]),
    bad(`${section}.5`, [text(HELLO), fifth(HELLO), ping()], 1002, [text(HELLO)], 1),
  ]
}
const opcodes: Case[] = [...unknownOpcodes('4.1', 3), ...unknownOpcodes('4.2', 11)]

const WAYS: readonly Chop[] = ['whole', 'frames', 1]

/** The same case, written in three ways: its ids count on from the first. */
function threeWays(first: number, make: (id: string, chop: Chop) => Case): Case[] {
  return WAYS.map((chop, nth) => make(`5.${first + nth}`, chop))
}

const [ONE, TWO, BOTH] = ['fragment 1', 'fragment 2', 'fragment 1fragment 2']
const FIVE = [1, 2, 3, 4, 5].map((nth) => `fragment ${nth}`) as [string, string, string, string, string]
const twoPings = [
  text(FIVE[0], PART),
  more(FIVE[1], PART),
  ping('ping 1'),
  more(FIVE[2], PART),
  more(FIVE[3], PART),
  ping('ping 2'),
  more(FIVE[4]),
]
const twoPongs = [pong('ping 1'), pong('ping 2'), text(FIVE.join(''))]
const nothingToContinue = [more(ONE, PART), more(TWO, PART), more(ONE)]
const nothingToEnd = [more(ONE), more(TWO, PART), more(ONE)]
const fragmentation: Case[] = [
  bad('5.1', [ping(ONE, PART), more(TWO)], 1002),
  bad('5.2', [pong(ONE, PART), more(TWO)], 1002),
  ...threeWays(3, (id, chop) => good(id, [text(ONE, PART), more(TWO)], [text(BOTH)], chop)),
  ...threeWays(6, (id, chop) => good(id, [text(ONE, PART), ping('ping'), more(TWO)], [pong('ping'), text(BOTH)], chop)),
  ...threeWays(9, (id, chop) => bad(id, [more(ONE), text(HELLO)], 1002, [], chop)),
  ...threeWays(12, (id, chop) => bad(id, [more(ONE, PART), text(HELLO)], 1002, [], chop)),
  bad('5.15', [text(ONE, PART), more(TWO), more(ONE, PART), text(HELLO)], 1002, [text(BOTH)]),
  bad('5.16', [...nothingToContinue, ...nothingToContinue], 1002),
  bad('5.17', [...nothingToEnd, ...nothingToEnd], 1002),
  bad('5.18', [text(ONE, PART), text(TWO)], 1002),
  good('5.19', twoPings, twoPongs),
  good('5.20', twoPings, twoPongs, 'frames'),
]

const VALID = 'Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!'
const KOSME = 'cebae1bdb9cf83cebcceb5'
const hex = (digits: string) => Buffer.from(digits, 'hex')
const INVALID = hex(`${KOSME}eda080656469746564`)
const BEYOND = [hex(KOSME), hex('f4908080'), hex('656469746564')] as const

/** A message of one fragment for each part. */
function inFragments(parts: readonly (string | Buffer)[]): Frame[] {
  return parts.map((part, nth) => {
    return (nth === 0 ? text : more)(part, { isFinal: nth === parts.length - 1 })
  })
}

/** A fragment for every byte. */
function byBytes(bytes: Buffer): Frame[] {
  return inFragments(Array.from(bytes, (byte) => Buffer.from([byte])))
}

/** Texts that are valid UTF-8, and such that are not. */
function valid(section: string, ...texts: string[]): Case[] {
  return each(section, texts, (id, digits) => good(id, [text(hex(digits))], [text(hex(digits))]))
}
function invalid(section: string, ...texts: string[]): Case[] {
  return each(section, texts, (id, digits) => bad(id, [text(hex(digits))], 1007))
}

const bytesOf = (from: number, to: number, after = '') => {
  return Array.from({ length: to - from + 1 }, (_, nth) => (from + nth).toString(16) + after).join('')
}
const INCOMPLETE = ['c0', 'e080', 'f08080', 'f8808080', 'fc80808080', 'df', 'efbf', 'f7bfbf', 'fbbfbfbf', 'fdbfbfbfbf']
const NONCHARACTERS = Array.from({ length: 17 }, (_, plane) =>
  [0xfffe, 0xffff].map((low) => plane * 0x10000 + low),
).flat()
const hexOf = (codePoint: number) => Buffer.from(String.fromCodePoint(codePoint)).toString('hex')

const utf8: Case[] = [
  good('6.1.1', [text()], [text()]),
  good('6.1.2', inFragments(['', '', '']), [text()]),
  good('6.1.3', inFragments(['', 'middle', '']), [text('middle')]),
  good('6.2.1', [text(VALID)], [text(VALID)]),
  good('6.2.2', inFragments([VALID.slice(0, 12), VALID.slice(12)]), [text(VALID)]),
  good('6.2.3', byBytes(Buffer.from(VALID)), [text(VALID)]),
  good('6.2.4', byBytes(hex(KOSME)), [text(hex(KOSME))]),
  bad('6.3.1', [text(INVALID)], 1007),
  bad('6.3.2', byBytes(INVALID), 1007),
  // The suite would like to see these refused at the first bad byte. Ws checks a message when it is complete.
  bad('6.4.1', inFragments(BEYOND), 1007, [], 'frames'),
  bad('6.4.2', inFragments([hex(`${KOSME}f4`), hex('90'), hex('8080656469746564')]), 1007, [], 'frames'),
  bad('6.4.3', [text(Buffer.concat(BEYOND))], 1007, [], KOSME.length / 2 + 6),
  bad('6.4.4', [text(Buffer.concat(BEYOND))], 1007, [], 1),
  ...valid(
    '6.5',
    ...['$', '\u00a2', '\u20ac', '\u{24b62}'].map((sign) => Buffer.from(`hello${sign}world`).toString('hex')),
    KOSME,
  ),
  // All beginnings of a text: those that end within a character are not valid.
  ...each('6.6', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], (id, length) => {
    const bytes = hex(KOSME).subarray(0, length)
    return [2, 5, 7, 9, 11].includes(length) ? good(id, [text(bytes)], [text(bytes)]) : bad(id, [text(bytes)], 1007)
  }),
  // The first and the last sequence of each length.
  ...valid('6.7', '00', 'c280', 'e0a080', 'f0908080'),
  ...invalid('6.8', 'f888808080', 'fc8480808080'),
  ...valid('6.9', '7f', 'dfbf', 'efbfbf', 'f48fbfbf'),
  ...invalid('6.10', 'f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf'),
  ...valid('6.11', 'ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf'),
  bad('6.11.5', [text(hex('f4908080'))], 1007),
  // Continuation bytes alone; starts without continuation; ends missing.
  ...invalid('6.12', '80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf', bytesOf(0x80, 0xbf)),
  ...invalid(
    '6.13',
    bytesOf(0xc0, 0xdf, '20'),
    bytesOf(0xe0, 0xef, '20'),
    bytesOf(0xf0, 0xf7, '20'),
    bytesOf(0xf8, 0xfb, '20'),
    bytesOf(0xfc, 0xfd, '20'),
  ),
  ...invalid('6.14', ...INCOMPLETE),
  ...invalid('6.15', INCOMPLETE.join('')),
  ...invalid('6.16', 'fe', 'ff', 'fefeffff'),
  // Longer than need be.
  ...invalid('6.17', 'c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af'),
  ...invalid('6.18', 'c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf'),
  ...invalid('6.19', 'c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080'),
  // Surrogates, alone and in pairs.
  ...invalid('6.20', 'eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf'),
  ...invalid('6.21', ...['eda080', 'edadbf', 'edae80', 'edafbf'].flatMap((high) => [`${high}edb080`, `${high}edbfbf`])),
  // Code points that are no characters are valid.
  ...valid('6.22', ...NONCHARACTERS.map(hexOf)),
  ...valid('6.23', ...[0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffff].map(hexOf)),
]

const BYE = close(1000, 'bye')
const USABLE_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
const UNUSABLE_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]
const closeHandshake: Case[] = [
  good('7.1.1', [text(HELLO)], [text(HELLO)]),
  ['7.1.2', [BYE, BYE], 'whole', [BYE]],
  ['7.1.3', [BYE, ping(HELLO)], 'whole', [BYE]],
  ['7.1.4', [BYE, text(HELLO)], 'whole', [BYE]],
  ['7.1.5', [text(ONE, PART), BYE, more(TWO)], 'whole', [BYE]],
  ['7.1.6', [text(filled(256 * KIB)), BYE, ping(HELLO)], 'whole', [text(filled(256 * KIB)), BYE]],
  ['7.3.1', [close()], 'whole', [close()]],
  bad('7.3.2', [maker(OPCODE.close)('x')], 1002),
  ['7.3.3', [close(1000)], 'whole', [close(1000)]],
  ['7.3.4', [BYE], 'whole', [BYE]],
  ['7.3.5', [close(1000, filled(123))], 'whole', [close(1000, filled(123))]],
  bad('7.3.6', [close(1000, filled(124))], 1002),
  bad('7.5.1', [close(1000, INVALID)], 1007),
  ...each('7.7', USABLE_CODES, (id, code): Case => [id, [close(code)], 'whole', [close(code)]]),
  ...each('7.9', UNUSABLE_CODES, (id, code) => bad(id, [close(code)], 1002)),
  ...each('7.13', [5000, 65_535], (id, code) => bad(id, [close(code)], 1002)),
]

const LARGE = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB]
const FRAGMENTS = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB]
const CHOPS = [64, 128, 256, 512, KIB, 2 * KIB]
const SMALL = [0, 16, 64, 256, KIB, 4 * KIB]
const KINDS = [
  { make: text, fill: filledBytesOfText, large: '9.1', fragmented: '9.3', chopped: '9.5', repeated: '9.7' },
  { make: binary, fill: filledBytes, large: '9.2', fragmented: '9.4', chopped: '9.6', repeated: '9.8' },
]

function filledBytesOfText(size: number): Buffer {
  return Buffer.alloc(size, 'x')
}

function split(make: Make, payload: Buffer, size: number): Frame[] {
  return Array.from({ length: Math.ceil(payload.length / size) }, (_, nth) => {
    const end = (nth + 1) * size
    return (nth === 0 ? make : more)(payload.subarray(nth * size, end), { isFinal: end >= payload.length })
  })
}

const limits: Case[] = KINDS.flatMap(({ make, fill, large, fragmented, chopped, repeated }) => [
  ...each(large, LARGE, (id, size) => good(id, [make(fill(size))], [make(fill(size))])),
  ...each(fragmented, FRAGMENTS, (id, size) => {
    const payload = fill(4 * MIB)
    // Of 64 bytes there are more than 16,384, the most that ws takes.
    if (size === 64) return bad(id, split(make, payload, size), 1008)
    return good(id, split(make, payload, size), [make(payload)])
  }),
  ...each(chopped, CHOPS, (id, size) => good(id, [make(fill(MIB))], [make(fill(MIB))], size)),
  ...each(repeated, SMALL, (id, size) => {
    const messages = Array.from({ length: 1_000 }, () => make(fill(size)))
    return good(id, messages, messages)
  }),
])

const autoFragmentation: Case[] = [
  good('10.1.1', split(text, filledBytesOfText(65_536), 1_300), [text(filled(65_536))]),
]

export const SECTIONS = {
  '1 framing': framing,
  '2 pings and pongs': pingsAndPongs,
  '3 reserved bits': reservedBits,
  '4 opcodes': opcodes,
  '5 fragmentation': fragmentation,
  '6 UTF-8 handling': utf8,
  '7 close handling': closeHandshake,
  '9 limits': limits,
  '10 auto-fragmentation': autoFragmentation,
} as const satisfies Record<string, readonly Case[]>
