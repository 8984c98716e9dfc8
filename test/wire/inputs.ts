import { createRequire } from 'node:module'
import { closing, frame, OPCODE, POLLING_TARGET, request, upgrade, WEBSOCKET_TARGET } from './wire.js'

/*
 * The table of hostile inputs: what a client sends, and the outcome that it must have.
 */

/**
 * ignored: the connection stays open without an answer · handled: an event is acked with ok · waiting: the server waits
 * for more · dropped: the server closes the connection without an answer · ack, refused: the code in an ack, in a connect_error ·
 * closed: by the server, with a close code; over polling, the status of the next poll · http: the status of the response,
 * or of each · limited: the number of acks, FST_NSP_RATE_LIMITED beyond the limit · answers: several kinds of answers, with their number.
 */
export type Outcome =
  | 'ignored'
  | 'handled'
  | 'waiting'
  | 'dropped'
  | { readonly ack: string }
  | { readonly refused: string }
  | { readonly closed: number | 'close-packet' }
  | { readonly http: number | readonly number[] }
  | { readonly limited: number }
  | { readonly answers: Readonly<Record<string, number>> }

interface Described {
  readonly name: string
  readonly level: 'frame' | 'engine' | 'packet' | 'binary' | 'event' | 'stream' | 'payload' | 'rate'
  readonly outcome: Outcome
  /** How often a handler is called. Default: once if the outcome is handled, else never. 'limited': as often as the rate allows. */
  readonly calls?: number | 'limited'
}

/** Frames over a WebSocket that has joined `namespace` (default `/chat`; null: none). A string is a text frame. */
interface OverWebSocket extends Described {
  readonly transport: 'websocket'
  readonly namespace?: string | null
  /** The namespace of the event that follows the input; joined if it is not `namespace`, which is the default. */
  readonly follow?: string
  readonly send: readonly (string | Uint8Array)[]
  /** Sent after the first answer. */
  readonly second?: readonly (string | Uint8Array)[]
  /** The input ends within a frame, or within a packet: nothing can follow it. */
  readonly isIncomplete?: boolean
  /** The input is sent in one write with the upgrade request. */
  readonly isInHead?: boolean
}

/** Bodies that are posted one after another to an engine session over polling. */
interface OverPolling extends Described {
  readonly transport: 'polling'
  readonly namespace?: string | null
  readonly posts: readonly { readonly body: string; readonly headers?: Record<string, string> }[]
}

/** Bytes on a TCP connection; `{polling}` and `{websocket}` are replaced by the id of an engine session with that transport. */
interface OverHttp extends Described {
  readonly transport: 'http'
  readonly send: string
  readonly encoding?: 'latin1'
  /** How many responses to read. Default 1. */
  readonly answers?: number
  /** The client resets the connection at once. */
  readonly isReset?: boolean
}

export type Input = OverWebSocket | OverPolling | OverHttp

const MALFORMED = { ack: 'FST_NSP_EVENT_MALFORMED' } as const
const INVALID = { ack: 'FST_NSP_EVENT_INVALID' } as const
const UNKNOWN = { ack: 'FST_NSP_EVENT_UNKNOWN' } as const
const TOO_LARGE = { ack: 'FST_NSP_PAYLOAD_TOO_LARGE' } as const
const INTERNAL = { ack: 'FST_NSP_INTERNAL' } as const
/** Closed by Socket.IO, without a code. */
const CLOSED = { closed: 1005 } as const

type Level = Described['level']
type Parts = string | Uint8Array | readonly (string | Uint8Array)[]

function ws(level: Level, name: string, parts: Parts, outcome: Outcome, more: Partial<OverWebSocket> = {}): Input {
  const send = typeof parts === 'string' || parts instanceof Uint8Array ? [parts] : parts
  return { level, name, transport: 'websocket', send, outcome, ...more }
}

function poll(level: Level, name: string, body: string, outcome: Outcome, headers: Record<string, string> = {}): Input {
  return { level, name, transport: 'polling', posts: [{ body, headers }], outcome }
}

function http(name: string, send: string, outcome: Outcome, more: Partial<OverHttp> = {}): Input {
  return { level: 'engine', name, transport: 'http', send, outcome, ...more }
}

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth)
const binary = (payload: string | Uint8Array, options = {}) => frame(OPCODE.binary, payload, options)
const text = (payload: string | Uint8Array, options = {}) => frame(OPCODE.text, payload, options)

const fromEngine = createRequire(createRequire(import.meta.resolve('socket.io')).resolve('engine.io'))
/** Our WebSocket, and that of ws from 8.22, closes a connection for which more than 60 pongs wait. */
const isPongBounded =
  process.env.FAST !== 'false' || !/^8\.(\d|1\d|2[01])\./.test(fromEngine('ws/package.json').version)

const times = <Part>(count: number, make: (index: number) => Part) =>
  Array.from({ length: count }, (_, index) => make(index))
/** An event of `/chat` with ack id 1. */
const any = (json: string) => `42/chat,1["any",${json}]`
const echo = (json: string) => `42/chat,1["echo",${json}]`

const FRAMES: readonly Input[] = [
  ws('frame', 'a frame that is not masked', text('2', { isMasked: false }), { closed: 1002 }),
  ws('frame', 'the first reserved bit', text('x', { reserved: 0x40 }), { closed: 1002 }),
  ws('frame', 'the second reserved bit', text('x', { reserved: 0x20 }), { closed: 1002 }),
  ws('frame', 'the third reserved bit', text('x', { reserved: 0x10 }), { closed: 1002 }),
  ws('frame', 'a ping with a reserved bit', frame(OPCODE.ping, '', { reserved: 0x40 }), { closed: 1002 }),
  ...[3, 7, 11, 15].map((opcode) => ws('frame', `the reserved opcode ${opcode}`, frame(opcode, 'x'), { closed: 1002 })),
  ws('frame', 'a continuation of nothing', frame(OPCODE.continuation, 'x'), { closed: 1002 }),
  ws('frame', 'a message within a fragmented one', [text('4', { isFinal: false }), text('4')], { closed: 1002 }),
  ws('frame', 'a binary message within a fragmented text', [text('4', { isFinal: false }), binary('x')], {
    closed: 1002,
  }),
  ws('frame', 'a fragmented ping', frame(OPCODE.ping, 'x', { isFinal: false }), { closed: 1002 }),
  ws('frame', 'a fragmented close', frame(OPCODE.close, closing(1000), { isFinal: false }), { closed: 1002 }),
  ws('frame', 'a ping of 126 bytes', frame(OPCODE.ping, 'x'.repeat(126)), { closed: 1002 }),
  ws('frame', 'a close of 126 bytes', frame(OPCODE.close, closing(1000, 'x'.repeat(124))), { closed: 1002 }),
  ws('frame', 'a close with half a code', frame(OPCODE.close, 'x'), { closed: 1002 }),
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535].map((code) =>
    ws('frame', `a close with the code ${code}`, frame(OPCODE.close, closing(code)), { closed: 1002 }),
  ),
  ws('frame', 'a close whose reason is not UTF-8', frame(OPCODE.close, closing(1000, Buffer.from([0xff]))), {
    closed: 1007,
  }),
  ws('frame', 'a close without a code', frame(OPCODE.close), { closed: 1005 }),
  ws('frame', 'a close with a private code', frame(OPCODE.close, closing(4321, 'so long')), { closed: 4321 }),
  ws('frame', 'an event after a close', [frame(OPCODE.close, closing(1000)), any('1')], { closed: 1000 }),
  ws('frame', 'two closes', [frame(OPCODE.close, closing(1000)), frame(OPCODE.close, closing(1001))], { closed: 1000 }),
  ws('frame', 'text that is not UTF-8', text(Buffer.from([0x34, 0x32, 0xc3, 0x28])), { closed: 1007 }),
  ws('frame', 'text with an overlong encoding', text(Buffer.from([0x34, 0xc0, 0xaf])), { closed: 1007 }),
  ws('frame', 'text with a surrogate in UTF-8', text(Buffer.from([0x34, 0xed, 0xa0, 0x80])), { closed: 1007 }),
  ws('frame', 'text beyond U+10FFFF', text(Buffer.from([0x34, 0xf4, 0x90, 0x80, 0x80])), { closed: 1007 }),
  ws('frame', 'text that ends within a character', text(Buffer.from([0x34, 0xf0, 0x9f, 0x98])), { closed: 1007 }),
  ws(
    'frame',
    'a text cut within a character, in two fragments',
    [
      text(Buffer.concat([Buffer.from('42/chat,1["any","'), Buffer.from([0xf0, 0x9f])]), { isFinal: false }),
      frame(OPCODE.continuation, Buffer.concat([Buffer.from([0x98, 0x80]), Buffer.from('"]')])),
    ],
    'handled',
  ),
  ws(
    'frame',
    'an event in fragments of one byte, with pings between them',
    [
      text('4', { isFinal: false }),
      ...[...'2/chat,1["any",1]'].flatMap((byte) => [
        frame(OPCODE.ping, 'x'),
        frame(OPCODE.continuation, byte, { isFinal: false }),
      ]),
      frame(OPCODE.continuation),
    ],
    'handled',
  ),
  ws(
    'frame',
    'ten thousand empty fragments',
    [
      text(any('1'), { isFinal: false }),
      ...times(10_000, () => frame(OPCODE.continuation, '', { isFinal: false })),
      frame(OPCODE.continuation),
    ],
    'handled',
  ),
  ws(
    'frame',
    'two hundred thousand empty fragments',
    [text('4', { isFinal: false }), ...times(200_000, () => frame(OPCODE.continuation, '', { isFinal: false }))],
    { closed: 1008 },
  ),
  ws('frame', 'a message of more than maxHttpBufferSize', text(`4${'x'.repeat(1_000_000)}`), { closed: 1009 }),
  ws('frame', 'a binary message of more than maxHttpBufferSize', binary(Buffer.alloc(1_000_001)), { closed: 1009 }),
  ws(
    'frame',
    'fragments that are too large together',
    [text(`4${'x'.repeat(600_000)}`, { isFinal: false }), frame(OPCODE.continuation, 'x'.repeat(600_000))],
    { closed: 1009 },
  ),
  ws('frame', 'a declared length of 2^31 without data', text('', { length: 2 ** 31 }), { closed: 1009 }),
  ws('frame', 'a declared length of 2^53 without data', text('', { length: 2n ** 53n }), { closed: 1009 }),
  ws('frame', 'a declared length of 2^64 - 1 without data', text('', { length: 2n ** 64n - 1n }), { closed: 1009 }),
  ws('frame', 'a declared length within bounds without data', text('', { length: 900_000 }), 'waiting', {
    isIncomplete: true,
  }),
  ws('frame', 'half a frame header', Buffer.from([0x81]), 'waiting', { isIncomplete: true }),
  ws('frame', 'a first fragment and no other', text('42/chat,1["any"', { isFinal: false }), 'waiting', {
    isIncomplete: true,
  }),
  ws(
    'frame',
    'sixty pings',
    times(60, () => frame(OPCODE.ping, 'x'.repeat(125))),
    'ignored',
  ),
  ws(
    'frame',
    'a thousand pings',
    times(1_000, () => frame(OPCODE.ping, 'x'.repeat(125))),
    isPongBounded ? { closed: 1006 } : 'ignored',
  ),
  ws('frame', 'a pong without a ping', frame(OPCODE.pong, 'x'), 'ignored'),
  ws('frame', 'a plain HTTP request on an open WebSocket', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'), {
    closed: 1002,
  }),
  ws(
    'frame',
    'a TLS handshake on an open WebSocket',
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]),
    { closed: 1002 },
  ),
  ws(
    'frame',
    'a broken frame in the packet of the upgrade',
    text('2', { isMasked: false }),
    { closed: 1002 },
    { isInHead: true },
  ),
  ws(
    'frame',
    'a close in the packet of the upgrade',
    frame(OPCODE.close, closing(1000)),
    { closed: 1000 },
    { isInHead: true },
  ),
  ws('frame', 'an empty binary message', binary(''), CLOSED),
]

const POLL = (query: string, method = 'GET', headers: Record<string, string> = {}, body = '') =>
  request(method, `/socket.io/?${query}`, headers, body)
const SESSION = `${POLLING_TARGET}&sid={polling}`

const ENGINE: readonly Input[] = [
  ws('engine', 'an empty message', '', CLOSED),
  ...['7', '8', '9', 'a', 'x', ' ', '-1', '\0', '\u{1f600}', '[]', '{}'].map((packet) =>
    ws('engine', `a packet of the unknown type ${JSON.stringify(packet)}`, packet, CLOSED),
  ),
  ws('engine', 'open from the client', '0{"sid":"x"}', 'ignored'),
  ws('engine', 'close from the client over a WebSocket', '1', 'ignored'),
  ws('engine', 'a ping from the client', '2', CLOSED),
  ws('engine', 'a probe on a connection that is no upgrade', '2probe', CLOSED),
  ws('engine', 'a pong without a ping', '3', 'ignored'),
  ws(
    'engine',
    'ten thousand pongs',
    times(10_000, () => '3'),
    'ignored',
  ),
  ws('engine', 'a pong of 900 kB', `3${'x'.repeat(900_000)}`, 'ignored'),
  ws('engine', 'an upgrade without a probe', '5', 'ignored'),
  ws('engine', 'a noop', '6', 'ignored'),
  ws('engine', 'a message without data', '4', CLOSED),
  ws('engine', 'base64 over a WebSocket', 'bAAAA', CLOSED),
  ws('engine', 'a payload of polling over a WebSocket', '42/chat,1["any",1]\x1e42/chat,2["any",2]', CLOSED),
  poll('engine', 'an empty POST', '', { closed: 400 }),
  poll('engine', 'ten thousand separators', '\x1e'.repeat(10_000), { closed: 400 }),
  poll('engine', 'ten thousand pongs in one POST', times(10_000, () => '3').join('\x1e'), 'ignored'),
  poll('engine', 'ten thousand empty messages in one POST', times(10_000, () => '4').join('\x1e'), {
    closed: 'close-packet',
  }),
  poll('engine', 'a packet of an unknown type in a POST', '9', { closed: 400 }),
  poll('engine', 'a ping in a POST', '2', { closed: 400 }),
  poll('engine', 'a close in a POST', '1', { closed: 400 }),
  poll('engine', 'packets after a close in one POST', '1\x1e42/chat,1["any",1]', { closed: 400 }),
  poll('engine', 'an upgrade in a POST', '5', 'ignored'),
  poll('engine', 'a noop in a POST', '6', 'ignored'),
  poll('engine', 'base64 without a binary event', 'bAAAA', { closed: 'close-packet' }),
  poll('engine', 'invalid base64 as an attachment', '451-/chat,1["any",{"_placeholder":true,"num":0}]\x1eb!!!', {
    answers: { ok: 1, attachment: 1 },
  }),
  poll('engine', 'a POST in the format of protocol 3', '20:42/chat,1["any",1]', { closed: 400 }),
  poll('engine', 'a POST of more than maxHttpBufferSize', `4${'x'.repeat(1_000_000)}`, { http: 413 }),
  poll(
    'engine',
    'a POST as octet-stream',
    '42/chat,1["any",1]',
    { http: 400 },
    { 'content-type': 'application/octet-stream' },
  ),
  poll('engine', 'a POST as JSON', '42/chat,1["any",1]', 'handled', { 'content-type': 'application/json' }),
  poll('engine', 'a POST with an invalid content type', '42/chat,1["any",1]', 'handled', { 'content-type': ';;;' }),
  poll('engine', 'a POST with a content-encoding', '42/chat,1["any",1]', 'handled', { 'content-encoding': 'gzip' }),
  poll(
    'engine',
    'a POST that is shorter than it says',
    '42/chat,1["any",1]',
    { http: 400 },
    { 'content-length': '5', 'content-type': 'application/octet-stream' },
  ),
  poll('engine', 'a POST with two lengths', '42/chat,1["any",1]', { http: 400 }, { 'Content-Length': '3' }),
  poll('engine', 'a POST with a length below zero', '42/chat,1["any",1]', { http: 400 }, { 'content-length': '-1' }),
  http('a POST to an unknown engine session', POLL('EIO=4&transport=polling&sid=nope', 'POST', {}, '40'), {
    http: 400,
  }),
  ...['__proto__', 'constructor', 'toString', '%00', '../../etc/passwd', 'x'.repeat(8_000)].map((sid) =>
    http(`a poll of the engine session ${sid.slice(0, 20)}`, POLL(`EIO=4&transport=polling&sid=${sid}`), { http: 400 }),
  ),
  http('a poll of an engine session over a WebSocket', POLL('EIO=4&transport=polling&sid={websocket}'), { http: 400 }),
  http('a plain request with the id of a WebSocket', POLL('EIO=4&transport=websocket&sid={websocket}'), { http: 400 }),
  http(
    'the same, by another spelling of the path',
    request('GET', '/socket%2eio/?EIO=4&transport=websocket&sid={websocket}'),
    { http: 400 },
  ),
  http('a POST with the id of a WebSocket', POLL('EIO=4&transport=websocket&sid={websocket}', 'POST', {}, '42["x"]'), {
    http: 400,
  }),
  http('a poll with two session ids', POLL('EIO=4&transport=polling&sid={polling}&sid=nope'), { http: 400 }),
  http('a poll with a session id in an array', POLL('EIO=4&transport=polling&sid[]={polling}', 'POST', {}, '40'), {
    http: 400,
  }),
  http('no version', POLL('transport=polling'), { http: 400 }),
  ...['3', '5', '', '4.0', '-4', '04', 'NaN', '4,4'].map((version) =>
    http(`the version ${JSON.stringify(version)}`, POLL(`EIO=${version}&transport=polling`), { http: 400 }),
  ),
  http('the version in an array', POLL('EIO[]=4&transport=polling'), { http: 400 }),
  http('another version than that of the engine session', POLL('EIO=3&transport=polling&sid={polling}'), { http: 400 }),
  http('no transport', POLL('EIO=4'), { http: 400 }),
  ...['webtransport', 'flashsocket', 'constructor', '__proto__', 'websocket', '', 'polling%00'].map((transport) =>
    http(`a poll with the transport ${JSON.stringify(transport)}`, POLL(`EIO=4&transport=${transport}`), { http: 400 }),
  ),
  http('a handshake by POST', POLL('EIO=4&transport=polling', 'POST', {}, '40'), { http: 400 }),
  http('a handshake by OPTIONS', POLL('EIO=4&transport=polling', 'OPTIONS'), { http: 400 }),
  ...['PUT', 'DELETE', 'PATCH', 'HEAD', 'TRACE'].map((method) =>
    http(`a handshake by ${method}`, POLL('EIO=4&transport=polling', method), { http: 400 }),
  ),
  http('a handshake by a method that Fastify does not support', POLL('EIO=4&transport=polling', 'PROPFIND'), {
    http: 404,
  }),
  ...['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'].map((method) =>
    http(`${method} of an engine session`, POLL('EIO=4&transport=polling&sid={polling}', method), { http: 400 }),
  ),
  http('CONNECT', request('CONNECT', 'localhost:80'), 'dropped'),
  http('an invalid method', request('BREW', POLLING_TARGET), { http: 400 }),
  http('OPTIONS of everything', request('OPTIONS', '*'), { http: 404 }),
  http('no Host', `GET ${POLLING_TARGET} HTTP/1.1\r\n\r\n`, { http: 400 }),
  http('HTTP/1.0', `GET ${POLLING_TARGET} HTTP/1.0\r\n\r\n`, { http: 200 }),
  http('HTTP/9.9', `GET ${POLLING_TARGET} HTTP/9.9\r\nhost: x\r\n\r\n`, { http: 400 }),
  http('HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', { http: 400 }),
  http('an invalid Host', request('GET', POLLING_TARGET, { host: '[[[@@' }), { http: 200 }),
  http('an invalid Host, with an Origin', request('GET', POLLING_TARGET, { host: '[[[@@', origin: 'http://a' }), {
    http: 403,
  }),
  ...['null', 'http://[', 'http://localhost.evil.example', 'file://', 'x'.repeat(4_000)].map((origin) =>
    http(`the Origin ${origin.slice(0, 40)}`, request('GET', POLLING_TARGET, { origin }), { http: 403 }),
  ),
  http(
    'an Origin of bytes beyond ASCII',
    request('GET', POLLING_TARGET, { origin: 'http://\xe9\xff' }),
    { http: 403 },
    { encoding: 'latin1' },
  ),
  http('an absolute address', request('GET', `http://localhost${POLLING_TARGET}`), { http: 200 }),
  http('an absolute address of another host', request('GET', `http://evil.example${POLLING_TARGET}`), { http: 200 }),
  http('invalid percent-encoding in the query', POLL('EIO=4&transport=polling&x=%zz%&%=%'), { http: 200 }),
  http('invalid percent-encoding in the path', request('GET', '/socket.io/%zz?EIO=4&transport=polling'), {
    http: 400,
  }),
  http(
    'a query of a thousand keys',
    POLL(`EIO=4&transport=polling&${times(1_000, (index) => `k${index}=`).join('&')}`),
    { http: 200 },
  ),
  http(
    'a query with the names of prototype properties',
    POLL('EIO=4&transport=polling&__proto__=1&constructor=2&prototype=3'),
    {
      http: 200,
    },
  ),
  http('a path of many slashes', request('GET', '//socket.io//?EIO=4&transport=polling'), { http: 404 }),
  http('a path with parent folders', request('GET', '/socket.io/../../?EIO=4&transport=polling'), { http: 404 }),
  http('an address of 20 kB', POLL(`EIO=4&transport=polling&x=${'x'.repeat(20_000)}`), { http: 431 }),
  http('a header of 20 kB', request('GET', POLLING_TARGET, { cookie: 'x'.repeat(20_000) }), { http: 431 }),
  http('a header with a line break in it', `GET ${POLLING_TARGET} HTTP/1.1\r\nhost: x\r\nx: a\n b\r\n\r\n`, {
    http: 400,
  }),
  http('a header name with a space', request('GET', POLLING_TARGET, { 'x y': '1' }), { http: 400 }),
  http('a header with NUL', request('GET', POLLING_TARGET, { x: '\0' }), { http: 400 }),
  http(
    'a Content-Length and chunked encoding',
    request('POST', SESSION, { 'transfer-encoding': 'chunked', 'content-length': '3' }, '40\n'),
    { http: 400 },
  ),
  http(
    'a chunk whose size is not a number',
    `${request('POST', SESSION, { 'transfer-encoding': 'chunked' })}zz\r\n40\r\n0\r\n\r\n`,
    { http: 400 },
  ),
  http('an expectation that no server meets', request('POST', SESSION, { expect: 'the-impossible' }, '40'), {
    http: 417,
  }),
  http(
    'a POST that waits for 100 Continue',
    request('POST', SESSION, { expect: '100-continue' }, '40/chat,'),
    { http: [100, 200] },
    { answers: 2 },
  ),
  http(
    'not HTTP at all',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
    { http: 400 },
    { encoding: 'latin1' },
  ),
  http(
    'two polls of an engine session at a time',
    request('GET', SESSION) + request('GET', SESSION),
    { http: [200, 400] },
    { answers: 2 },
  ),
  http(
    'two POSTs of an engine session at a time',
    request('POST', SESSION, {}, '40/chat,') + request('POST', SESSION, {}, '40/chat,'),
    'dropped',
  ),
  http(
    'a POST behind a poll',
    request('GET', SESSION) + request('POST', SESSION, {}, '40/chat,'),
    { http: [200, 200] },
    { answers: 2 },
  ),
  http(
    'a hundred pipelined handshakes',
    request('GET', POLLING_TARGET).repeat(100),
    { http: times(100, () => 200) },
    { answers: 100 },
  ),
  http('a poll that is reset', request('GET', SESSION), 'dropped', { isReset: true }),
  http('a POST that is reset', `${request('POST', SESSION, { 'content-length': '100' })}40`, 'dropped', {
    isReset: true,
  }),
  http('a handshake that is reset', request('GET', POLLING_TARGET), 'dropped', { isReset: true }),
  http('an upgrade that is reset', upgrade(WEBSOCKET_TARGET), 'dropped', { isReset: true }),
  http('an upgrade of another path that is reset', upgrade('/slow'), 'dropped', { isReset: true }),
  http('an upgrade of no path that is reset', upgrade('/nowhere'), 'dropped', { isReset: true }),
  http('an upgrade of no path', upgrade('/nowhere'), { http: 404 }),
  http('an upgrade of a path with invalid percent-encoding', upgrade('/%zz'), { http: 400 }),
  http('an upgrade pipelined behind a request', request('GET', '/slow') + upgrade(WEBSOCKET_TARGET), 'dropped'),
  http('an upgrade of another path pipelined behind a request', request('GET', '/slow') + upgrade('/slow'), {
    http: 200,
  }),
  http(
    'an upgrade pipelined behind a poll',
    request('GET', SESSION) + upgrade(`${WEBSOCKET_TARGET}&sid={polling}`),
    'dropped',
  ),
  ...[
    '/socket%2eio/?EIO=4&transport=websocket',
    `http://localhost${WEBSOCKET_TARGET}`,
    '/socket.io/#?EIO=4&transport=websocket',
  ].map((target) => http(`an upgrade of ${target}`, upgrade(target), { http: 400 })),
  http('an upgrade to another protocol', upgrade(WEBSOCKET_TARGET, { upgrade: 'h2c' }), { http: 400 }),
  http('an upgrade without a key', upgrade(WEBSOCKET_TARGET, { 'sec-websocket-key': '' }), { http: 400 }),
  http('an upgrade with an invalid key', upgrade(WEBSOCKET_TARGET, { 'sec-websocket-key': 'short' }), {
    http: 400,
  }),
  http('an upgrade of another version', upgrade(WEBSOCKET_TARGET, { 'sec-websocket-version': '7' }), { http: 400 }),
  http('an upgrade with invalid subprotocols', upgrade(WEBSOCKET_TARGET, { 'sec-websocket-protocol': ',,' }), {
    http: 400,
  }),
  http('an upgrade by POST', upgrade(WEBSOCKET_TARGET).replace('GET', 'POST'), { http: 400 }),
  http('an upgrade of an unknown engine session', upgrade(`${WEBSOCKET_TARGET}&sid=nope`), { http: 400 }),
  http('an upgrade with protocol 3', upgrade('/socket.io/?EIO=3&transport=websocket'), { http: 101 }),
  http(
    'an upgrade with another version than that of the engine session',
    upgrade('/socket.io/?EIO=3&transport=websocket&sid={polling}'),
    { http: 400 },
  ),
  http('an upgrade with the transport polling', upgrade(POLLING_TARGET), { http: 101 }),
  http('an upgrade of an engine session to polling', upgrade(SESSION), { http: 101 }),
  http('an upgrade from a foreign origin', upgrade(WEBSOCKET_TARGET, { origin: 'http://evil.example' }), { http: 403 }),
  http('an upgrade that is never completed', upgrade(`${WEBSOCKET_TARGET}&sid={polling}`), { http: 101 }),
  http('an upgrade of a WebSocket to a WebSocket', upgrade(`${WEBSOCKET_TARGET}&sid={websocket}`), { http: 101 }),
]

const PACKETS: readonly Input[] = [
  ...['7', '8', '9', 'a', '[', '{', '-', '"', '\0'].map((type) =>
    ws('packet', `the unknown type ${JSON.stringify(type)}`, `4${type}/chat,1["any",1]`, CLOSED),
  ),
  ws('packet', 'a packet with nothing but a namespace', '4/chat,', CLOSED),
  ws('packet', 'an event without data', '42/chat,', CLOSED),
  ws('packet', 'an event without data, with an ack id', '42/chat,1', CLOSED),
  ws('packet', 'an event without data, with an ack id out of bounds', '42/chat,99999999999999999999', CLOSED),
  ws('packet', 'a namespace without a comma', '42/chat["any",1]', CLOSED),
  ws('packet', 'a namespace of 900 kB', `42/${'x'.repeat(900_000)},1["any",1]`, CLOSED),
  ws('packet', 'a namespace with a query', '42/chat?x=1,1["any",1]', CLOSED),
  ws('packet', 'an event of a namespace not joined', '42/plain,1["any",1]', CLOSED),
  ws('packet', 'an event before any join', '42/chat,1["any",1]', CLOSED, { namespace: null }),
  ws('packet', 'an event in the packet of its join', ['40/chat,', '42/chat,1["any",1]'], CLOSED, { namespace: null }),
  ws('packet', 'a join of an unknown namespace', '40/nope,', { refused: 'FST_NSP_NAMESPACE_UNKNOWN' }),
  ws('packet', 'a join of a namespace with a query', '40/chat?token=1,', { refused: 'FST_NSP_NAMESPACE_UNKNOWN' }),
  ...['/__proto__', '/constructor', '//', '/CHAT', '/chat/', '/chat/../chat', '/ch\0at', '/%63hat', '/*'].map((name) =>
    ws('packet', `a join of ${JSON.stringify(name)}`, `40${name},`, { refused: 'FST_NSP_NAMESPACE_UNKNOWN' }),
  ),
  ws('packet', 'a join of a namespace of 900 kB', `40/${'x'.repeat(900_000)},`, {
    refused: 'FST_NSP_NAMESPACE_UNKNOWN',
  }),
  ws('packet', 'a join of a namespace joined already', '40/chat,', { answers: { joined: 1 } }),
  ws('packet', 'three joins of a namespace joined already', ['40/chat,', '40/chat,{"a":1}', '40/chat,'], {
    answers: { joined: 3 },
  }),
  ws('packet', 'joins of two namespaces alternately', ['40/plain,', '40/chat,', '40/plain,', '40/chat,'], {
    answers: { joined: 3 },
  }),
  ws('packet', 'a leave and a join', ['41/chat,', '40/chat,'], { answers: { joined: 1 } }, { follow: '/plain' }),
  ws(
    'packet',
    'leaves and joins, each twice',
    ['41/chat,', '41/chat,', '40/chat,', '40/chat,'],
    { answers: { joined: 1 } },
    { follow: '/plain' },
  ),
  ws(
    'packet',
    'a leave between two joins',
    ['40/chat,', '41/chat,', '40/chat,'],
    { answers: { joined: 2 } },
    { follow: '/plain' },
  ),
  ws('packet', 'three joins of a namespace at a time', ['40/plain,', '40/plain,', '40/plain,'], {
    answers: { joined: 1 },
  }),
  ...['[]', 'null', '"x"', 'true', '{', '{"a":1}x', 'undefined'].map((auth) =>
    ws('packet', `a join with the auth ${auth}`, `40/plain,${auth}`, CLOSED),
  ),
  ws('packet', 'a join with an auth nested 10,000 deep', `40/plain,{"a":${nested(10_000)}}`, {
    refused: 'FST_NSP_EVENT_MALFORMED',
  }),
  ws(
    'packet',
    'a join with an auth of 100,000 objects',
    `40/plain,${nested(100_000, '{"a":', '}').replace('}', '1}')}`,
    { refused: 'FST_NSP_EVENT_MALFORMED' },
  ),
  ws('packet', 'a join with __proto__ in its auth', '40/plain,{"__proto__":{"admin":true}}', {
    refused: 'FST_NSP_EVENT_MALFORMED',
  }),
  ws('packet', 'a join with constructor deep in its auth', '40/plain,{"a":[{"constructor":{"prototype":{}}}]}', {
    refused: 'FST_NSP_EVENT_MALFORMED',
  }),
  ws('packet', 'a join with an auth of 900 kB', `40/plain,{"token":"${'x'.repeat(900_000)}"}`, {
    answers: { joined: 1 },
  }),
  ws('packet', 'a join with the id of a recovered session', '40/plain,{"pid":"__proto__","offset":"x"}', {
    answers: { joined: 1 },
  }),
  ws('packet', 'a join with an ack id', '40/plain,5{}', { answers: { joined: 1 } }),
  ws('packet', 'a leave before its join is answered', ['40/plain,', '41/plain,'], CLOSED),
  ws('packet', 'a leave of a namespace not joined', '41/plain,', CLOSED),
  ws('packet', 'two leaves', ['41/chat,', '41/chat,'], 'ignored', { follow: '/plain' }),
  ws('packet', 'an event behind a leave', ['41/chat,', '42/chat,1["any",1]'], 'ignored', { follow: '/plain' }),
  ws('packet', 'a leave with data', '41/chat,{"a":1}', CLOSED),
  ws('packet', 'a leave with an ack id out of bounds', '41/chat,99999999999999999999', 'ignored'),
  ws('packet', 'a connect_error from the client', '44/chat,{"message":"no"}', CLOSED),
  ws('packet', 'a connect_error with a text', '44/chat,"no"', CLOSED),
  ws('packet', 'an ack of an unknown id', '43/chat,12345[1]', 'ignored'),
  ws('packet', 'an ack without an id', '43/chat,[1]', 'ignored'),
  ws('packet', 'an ack without data', '43/chat,1', 'ignored'),
  ws('packet', 'an ack with an object', '43/chat,1{"a":1}', CLOSED),
  ws('packet', 'an ack of 100,000 arguments', `43/chat,1[${'1,'.repeat(99_999)}1]`, 'ignored'),
  ws('packet', 'an ack nested 100,000 deep', `43/chat,1${nested(100_000)}`, 'ignored'),
  ws('packet', 'an ack with __proto__', '43/chat,1[{"__proto__":1}]', 'ignored'),
  ws('packet', 'an ack id of 1e21 digits', `43/chat,${'9'.repeat(21)}[1]`, 'ignored'),
  ws(
    'packet',
    'ten thousand acks',
    times(10_000, (index) => `43/chat,${index}[1]`),
    'ignored',
  ),
  ws(
    'packet',
    'an ack that the application does not expect',
    '42/plain,["asks"]',
    { answers: { 'event question': 1 } },
    { namespace: '/plain', second: ['43/plain,0[null]'] },
  ),
  ws(
    'packet',
    'an ack of 100,000 arguments for an emit',
    '42/plain,["asks"]',
    { answers: { 'event question': 1 } },
    { namespace: '/plain', second: [`43/plain,0[${'1,'.repeat(99_999)}1]`] },
  ),
  ws('packet', 'an ack id of 2^53 for an event', '42/chat,9007199254740992["any",1]', 'ignored'),
  ws('packet', 'an ack id of 1,000 digits for an event', `42/chat,${'9'.repeat(1_000)}["any",1]`, 'ignored'),
  ws('packet', 'an ack id of 100,000 digits for an event', `42/chat,${'9'.repeat(100_000)}["any",1]`, 'ignored'),
  ws('packet', 'an ack id below zero', '42/chat,-1["any",1]', CLOSED),
  ws('packet', 'an ack id with a fraction', '42/chat,1.5["any",1]', CLOSED),
  ws('packet', 'an ack id with an exponent', '42/chat,1e3["any",1]', CLOSED),
  ws('packet', 'an ack id of two numbers', '42/chat,1 2["any",1]', 'ignored'),
  ws('packet', 'an ack id that is a space', '42/chat, ["any",1]', 'handled'),
  ws('packet', 'an ack id that is a word', '42/chat,one["any",1]', CLOSED),
  ws('packet', 'the same ack id twice', ['42/chat,1["any",1]', '42/chat,1["any",2]'], { answers: { ok: 2 } }),
  poll('packet', 'an event without data in a POST', '42/chat,1', { closed: 'close-packet' }),
  poll('packet', 'an event of a namespace not joined in a POST', '42/plain,1["any",1]', { closed: 'close-packet' }),
  poll('packet', 'a join of an unknown namespace in a POST', '40/nope,', { refused: 'FST_NSP_NAMESPACE_UNKNOWN' }),
]

const PLACEHOLDER = '{"_placeholder":true,"num":0}'

const MOST = Buffer.alloc(950_000, 49)
const MANY = `{${times(1_000, (index) => `"${index}":${PLACEHOLDER}`).join()}}`

/** An event of `/chat` with one attachment. */
const BINARY_TO = (event: string, json = PLACEHOLDER, bytes: string | Uint8Array = 'x') => [
  `451-/chat,1["${event}",${json}]`,
  binary(bytes),
]

const BINARY: readonly Input[] = [
  ws('binary', 'an attachment without a binary event', binary('x'), CLOSED),
  ws('binary', 'a text in place of an attachment', ['451-/chat,1["any"]', '42/chat,2["any"]'], CLOSED),
  ws('binary', 'no number of attachments', '45/chat,1["any"]', CLOSED),
  ws('binary', 'no dash behind the number of attachments', '451/chat,1["any"]', CLOSED),
  ...['0', '-1', '1.5', 'NaN', 'x', '11', '1e9', '99999999999999999999', '0x1f', 'Infinity'].map((count) =>
    ws('binary', `${count} attachments`, `45${count}-/chat,1["any",${PLACEHOLDER}]`, CLOSED),
  ),
  ...['-1', '1', '1e9', '"0"', 'null', '{}', '[]', 'true'].map((num) =>
    ws(
      'binary',
      `a placeholder with the number ${num}`,
      [`451-/chat,1["any",{"_placeholder":true,"num":${num}}]`, binary('x')],
      CLOSED,
    ),
  ),
  ws('binary', 'a placeholder without a number', ['451-/chat,1["any",{"_placeholder":true}]', binary('x')], CLOSED),
  ws(
    'binary',
    'a placeholder with half a number',
    ['451-/chat,1["any",{"_placeholder":true,"num":0.5}]', binary('x')],
    'handled',
  ),
  ws(
    'binary',
    'one attachment referenced a thousand times',
    [`451-/chat,1["any",[${times(1_000, () => PLACEHOLDER).join()}]]`, binary('x')],
    { answers: { ok: 1, '1 bytes': 1_000 } },
  ),
  ws('binary', 'an attachment without a placeholder', ['451-/chat,1["any",1]', binary('x')], 'handled'),
  ws('binary', 'a placeholder in an event without attachments', any(PLACEHOLDER), MALFORMED),
  ws('binary', 'a placeholder in place of the name', [`451-/chat,1[${PLACEHOLDER}]`, binary('x')], CLOSED),
  ws(
    'binary',
    'a placeholder under __proto__',
    [`451-/chat,1["any",{"__proto__":${PLACEHOLDER}}]`, binary('x')],
    MALFORMED,
  ),
  ws('binary', 'a binary event without data', ['451-/chat,1', binary('x')], CLOSED),
  ws('binary', 'a binary event nested 100,000 deep', [`451-/chat,1["any",${nested(100_000)}]`, binary('x')], CLOSED),
  ws('binary', 'a binary event nested 1,000 deep', [`451-/chat,1["any",${nested(1_000)}]`, binary('x')], MALFORMED),
  ws(
    'binary',
    'a binary event of 100,000 arguments',
    [`451-/chat,1["any",${'1,'.repeat(99_999)}1]`, binary('x')],
    MALFORMED,
  ),
  ws(
    'binary',
    'binary where the schema declares an object',
    [`451-/chat,1["echo",${PLACEHOLDER}]`, binary('x')],
    INVALID,
  ),
  ws(
    'binary',
    'binary where the schema declares a text',
    [`451-/chat,1["echo",{"text":${PLACEHOLDER}}]`, binary('x')],
    INVALID,
  ),
  ws('binary', 'binary where the schema declares a text alone', BINARY_TO('text'), INVALID),
  ws('binary', 'binary where the schema declares a list', BINARY_TO('list'), INVALID),
  ws('binary', 'binary where the schema declares a map', BINARY_TO('map'), INVALID),
  ws('binary', 'binary where the schema accepts anything', BINARY_TO('open'), INVALID),
  ws('binary', 'binary as an item of a list', BINARY_TO('list', `[{"a":"a"},${PLACEHOLDER}]`), INVALID),
  ws('binary', 'binary in a map in a list', BINARY_TO('list', `[{"a":${PLACEHOLDER}}]`), INVALID),
  ws('binary', 'binary in a map', BINARY_TO('map', `{"a":${PLACEHOLDER}}`), INVALID),
  ws(
    'binary',
    'binary as a property that the schema lacks',
    BINARY_TO('echo', `{"text":"x","more":[${PLACEHOLDER}]}`),
    INVALID,
  ),
  ws('binary', 'binary 30 levels deep', BINARY_TO('open', `${'['.repeat(30)}${PLACEHOLDER}${']'.repeat(30)}`), INVALID),
  ws('binary', 'binary of 950 kB where the schema declares an object', BINARY_TO('echo', PLACEHOLDER, MOST), INVALID),
  ws('binary', 'binary of 950 kB where the schema declares a map', BINARY_TO('map', PLACEHOLDER, MOST), INVALID),
  ws('binary', 'binary of 950 kB, referenced a thousand times', BINARY_TO('map', MANY, MOST), INVALID),
  ws('binary', 'binary where a Standard Schema declares an object', BINARY_TO('standard', PLACEHOLDER, MOST), INVALID),
  ws('binary', 'binary where the schema declares it', BINARY_TO('file', `{"data":${PLACEHOLDER}}`), 'handled'),
  ws(
    'binary',
    'binary of more bytes than the schema allows',
    BINARY_TO('file', `{"data":${PLACEHOLDER}}`, MOST),
    INVALID,
  ),
  ws(
    'binary',
    'binary in place of the object with a declared binary',
    BINARY_TO('file', `{"data":[${PLACEHOLDER}]}`),
    INVALID,
  ),
  ws(
    'binary',
    'an object in the JSON form of a Buffer',
    BINARY_TO('file', '{"data":{"type":"Buffer","data":[1]}}'),
    INVALID,
  ),
  ws('binary', 'a text where the schema declares binary', '42/chat,1["file",{"data":"x"}]', INVALID),
  ws(
    'binary',
    'attachments that are too large together',
    [`452-/chat,1["any",${PLACEHOLDER}]`, binary(Buffer.alloc(600_000)), binary(Buffer.alloc(600_000))],
    TOO_LARGE,
  ),
  ws('binary', 'an empty attachment', [`451-/chat,1["any",${PLACEHOLDER}]`, binary('')], {
    answers: { ok: 1, '0 bytes': 1 },
  }),
  ws('binary', 'one attachment for a binary event with two', ['452-/chat,1["any"]', binary('x')], 'waiting', {
    isIncomplete: true,
  }),
  ws(
    'binary',
    'three attachments for a binary event with two',
    [`452-/chat,1["any",${PLACEHOLDER}]`, binary('x'), binary('y'), binary('z')],
    { closed: 1005 },
  ),
  ws('binary', 'a binary ack of an unknown id', [`461-/chat,7[${PLACEHOLDER}]`, binary('x')], 'ignored'),
  ws('binary', 'a binary ack that is not an array', `461-/chat,7${PLACEHOLDER}`, CLOSED),
  ws('binary', 'a leave in place of an attachment', ['451-/chat,1["any"]', '41/chat,'], CLOSED),
  poll(
    'binary',
    'a POST without the attachment of its event',
    `451-/chat,1["any",${PLACEHOLDER}]\x1e42/chat,2["any"]`,
    {
      closed: 'close-packet',
    },
  ),
  poll(
    'binary',
    'an attachment in base64 under __proto__',
    `451-/chat,1["any",{"__proto__":${PLACEHOLDER}}]\x1ebAAAA`,
    MALFORMED,
  ),
]

const EVENTS: readonly Input[] = [
  ...['{}', 'null', '"any"', '1', 'true', '[]', '[null]', '[{}]', '[[]]', '[true]', '[["any"]]'].map((data) =>
    ws('event', `the data ${data}`, `42/chat,1${data}`, CLOSED),
  ),
  ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'].map((name) =>
    ws('event', `the reserved name ${name}`, `42/chat,1["${name}",1]`, CLOSED),
  ),
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'error',
    '',
    ' ',
    '\\u0000',
    '*',
    'connection',
  ].map((name) => ws('event', `the name ${JSON.stringify(name)}`, `42/chat,1["${name}",1]`, UNKNOWN)),
  ...['1', '0', '-1', '1.5', '1e400', '9007199254740993'].map((name) =>
    ws('event', `the number ${name} for a name`, `42/chat,1[${name},1]`, UNKNOWN),
  ),
  ws('event', 'the name error in a namespace of plain listeners', '42/plain,1["error",1]', UNKNOWN, {
    namespace: '/plain',
  }),
  ws('event', 'the name __proto__ in a namespace of plain listeners', '42/plain,1["__proto__",1]', UNKNOWN, {
    namespace: '/plain',
  }),
  ws('event', 'a number for a name in a namespace of plain listeners', '42/plain,1[0,1]', UNKNOWN, {
    namespace: '/plain',
  }),
  ws('event', 'an unknown event without an ack', '42/chat,["nope",1]', 'ignored'),
  ws('event', 'a name of 500 kB', `42/chat,1["${'x'.repeat(500_000)}"]`, UNKNOWN),
  ws('event', 'a name of a lone surrogate', '42/chat,1["\\ud800"]', UNKNOWN),
  ws('event', '17 arguments', `42/chat,1["any"${',1'.repeat(17)}]`, MALFORMED),
  ws('event', '100,000 arguments', `42/chat,1["any"${',1'.repeat(100_000)}]`, MALFORMED),
  ws('event', '100,000 arguments without an ack', `42/chat,["any"${',1'.repeat(100_000)}]`, 'ignored'),
  ws('event', '100,000 arguments for a plain listener', `42/plain,1["any"${',1'.repeat(100_000)}]`, MALFORMED, {
    namespace: '/plain',
  }),
  ws('event', '100,000 arguments of an unknown event', `42/chat,1["nope"${',1'.repeat(100_000)}]`, MALFORMED),
  ws('event', 'two payloads where one is declared', '42/chat,1["echo",{"text":"a"},{"text":"b"}]', INVALID),
  ws('event', 'a handler that throws', '42/chat,1["fails"]', INTERNAL),
  ws('event', 'a handler that throws, without an ack', '42/chat,["fails"]', 'ignored'),
  ws('event', 'a plain listener that throws', '42/plain,1["throws",null]', INTERNAL, { namespace: '/plain' }),
  ws('event', 'a plain listener that throws, without an ack', '42/plain,["throws"]', 'ignored', {
    namespace: '/plain',
  }),
  ws('event', 'a plain listener that rejects', '42/plain,1["rejects",null]', INTERNAL, { namespace: '/plain' }),
  ws('event', 'a plain listener that rejects, without an ack', '42/plain,["rejects"]', 'ignored', {
    namespace: '/plain',
  }),
  ws('event', 'an event of the default namespace', '421["any",1]', 'handled', { namespace: '/' }),
  ws('event', 'an unknown event of the default namespace', '421["nope",1]', UNKNOWN, { namespace: '/' }),
  ws('event', 'a slash for the default namespace', '42/,1["any",1]', 'handled', { namespace: '/' }),
  poll('event', 'an unknown event in a POST', '42/chat,1["nope"]', UNKNOWN),
  poll('event', 'a reserved name in a POST', '42/chat,1["disconnect"]', { closed: 'close-packet' }),
  poll('event', 'a handler that throws, in a POST', '42/chat,1["fails"]', INTERNAL),
]

const STREAM_INVALID = { ack: 'FST_NSP_STREAM_INVALID' } as const
const ITEMS = { answers: { 'event namespace:item': 3, ok: 1 } } as const
/** A stream of three items, with ack id 1. */
const tail = (json: string) => `42/chat,1["tail",${json}]`

const STREAMS: readonly Input[] = [
  ws('stream', 'a stream', tail('null,{"id":"a"}'), ITEMS, { calls: 1 }),
  ws('stream', 'credits of 1e300', tail('null,{"id":"a","credits":1e300}'), ITEMS, { calls: 1 }),
  ws('stream', 'null for what is optional', tail('null,{"id":"a","credits":null,"lastId":null}'), ITEMS, { calls: 1 }),
  ws('stream', 'a last id of 1,024 characters', tail(`null,{"id":"a","lastId":"${'x'.repeat(1_024)}"}`), ITEMS, {
    calls: 1,
  }),
  ...[
    ['no options', 'null'],
    ['options that are null', 'null,null'],
    ['options that are a list', 'null,["a"]'],
    ['a third argument', 'null,{"id":"a"},1'],
    ['no id', 'null,{}'],
    ['an id that is a number', 'null,{"id":1}'],
    ['an id that is an object', 'null,{"id":{"length":1}}'],
    ['an id of 65 characters', `null,{"id":"${'x'.repeat(65)}"}`],
    ['no credits', 'null,{"id":"a","credits":0}'],
    ['credits below zero', 'null,{"id":"a","credits":-1}'],
    ['credits that are no whole number', 'null,{"id":"a","credits":1.5}'],
    ['credits beyond all numbers', 'null,{"id":"a","credits":1e999}'],
    ['credits that are a text', 'null,{"id":"a","credits":"4"}'],
    ['a last id that is an object', 'null,{"id":"a","lastId":{}}'],
    ['a last id that is true', 'null,{"id":"a","lastId":true}'],
    ['a last id of 500 kB', `null,{"id":"a","lastId":"${'x'.repeat(500_000)}"}`],
  ].map(([name = '', json = '']) => ws('stream', name, tail(json), STREAM_INVALID)),
  ws('stream', 'a key __proto__ in the options', tail('null,{"id":"a","__proto__":{"credits":1}}'), MALFORMED),
  ws('stream', 'no ack', '42/chat,["tail",null,{"id":"a"}]', 'ignored'),
  ws('stream', 'the id __proto__', tail('null,{"id":"__proto__"}'), ITEMS, { calls: 1 }),
  ws(
    'stream',
    'two streams with one id',
    tail('null,{"id":"a","credits":1}'),
    { answers: { 'event namespace:item': 1, 'ack FST_NSP_STREAM_INVALID': 1, 'ack FST_NSP_STREAM_CANCELLED': 1 } },
    { calls: 1, second: ['42/chat,2["tail",null,{"id":"a"}]', '42/chat,["namespace:cancel","a"]'] },
  ),
  ws(
    'stream',
    'thirty streams',
    times(30, (index) => `42/chat,${index}["tail",null,{"id":"${index}","credits":1}]`),
    { answers: { 'event namespace:item': 20, 'ack FST_NSP_STREAMS_LIMIT': 10 } },
    { calls: 20 },
  ),
  ws(
    'stream',
    'a cancel in one chunk with the stream',
    [tail('null,{"id":"a"}'), '42/chat,["namespace:cancel","a"]'],
    {
      ack: 'FST_NSP_STREAM_CANCELLED',
    },
    { calls: 1 },
  ),
  ...[
    ['more of no stream', '["namespace:more","a",1]'],
    ['a cancel of no stream', '["namespace:cancel","a"]'],
    ['more without an id', '["namespace:more"]'],
    ['a cancel with 17 arguments', `["namespace:cancel"${',1'.repeat(17)}]`],
    ['more of __proto__', '["namespace:more","__proto__",1]'],
    ['an item from a client', '["namespace:item","a",1]'],
  ].map(([name = '', json = '']) => ws('stream', name, `42/chat,${json}`, 'ignored')),
  ws('stream', 'more with an ack', '42/chat,1["namespace:more","a",1]', 'handled', { calls: 0 }),
  ws('stream', 'more in a namespace without streams', '421["namespace:more","a",1]', UNKNOWN, { namespace: '/' }),
  ws(
    'stream',
    'a thousand cancels of no stream',
    times(1_000, (index) => `42/chat,["namespace:cancel","${index}"]`),
    'ignored',
  ),
]

const PAYLOADS: readonly Input[] = [
  ...[
    '{',
    '}',
    '[1',
    '"x',
    '{"a":}',
    "{'a':1}",
    '{a:1}',
    '[1,]',
    'NaN',
    'undefined',
    'Infinity',
    '01',
    '+1',
    '0x1',
    '.5',
    '"\t"',
    '"\\x41"',
    '"\\u12"',
    '//',
    '/**/1',
  ].map((json) => ws('payload', `the JSON ${json}`, any(json), CLOSED)),
  ws('payload', 'an event cut off', '42/chat,1["any",{"a":1', CLOSED),
  ws('payload', 'garbage behind an event', '42/chat,1["any",1]]', CLOSED),
  ws('payload', 'a second event behind an event', '42/chat,1["any",1]["any",2]', CLOSED),
  ws('payload', 'a byte order mark before the data', '42/chat,1\ufeff["any",1]', 'handled'),
  ws('payload', 'white space around all values', '42/chat,1 [ "any" , 1 ] ', 'handled'),
  ...[33, 10_000, 100_000].flatMap((depth) => [
    ws('payload', `arrays nested ${depth} deep`, any(nested(depth)), MALFORMED),
    ws('payload', `objects nested ${depth} deep`, any(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`), MALFORMED),
  ]),
  ws('payload', 'arrays nested 400,000 deep', any(nested(400_000)), MALFORMED),
  ws('payload', 'arrays nested 32 deep', any(nested(32)), 'handled'),
  ws('payload', 'arrays nested 100,000 deep without an ack', `42/chat,["any",${nested(100_000)}]`, 'ignored'),
  ws('payload', 'arrays nested 100,000 deep in an unknown event', `42/chat,1["nope",${nested(100_000)}]`, MALFORMED),
  ws('payload', 'arrays nested 100,000 deep for a plain listener', `42/plain,1["any",${nested(100_000)}]`, MALFORMED, {
    namespace: '/plain',
  }),
  ...['__proto__', '\\u005f_proto__', '\\u005f\\u005f\\u0070roto__'].flatMap((key) => [
    ws('payload', `the key ${key}`, any(`{"${key}":{"admin":true}}`), MALFORMED),
    ws('payload', `the key ${key} in an array of objects`, any(`[{"a":{"b":[{"${key}":1}]}}]`), MALFORMED),
  ]),
  ...['constructor', 'c\\u006fnstructor'].flatMap((key) => [
    ws('payload', `the key ${key} with a prototype in it`, any(`[{"a":{"${key}":{"prototype":1}}}]`), MALFORMED),
    ws('payload', `the key ${key}`, any(`{"${key}":{"admin":true}}`), 'handled'),
  ]),
  ws('payload', 'the key prototype', any('{"prototype":{"admin":true}}'), 'handled'),
  ws('payload', 'the key __proto__ behind another', any('{"a":1,"__proto__":null}'), MALFORMED),
  ws('payload', 'the key __proto__ in a second argument', '42/chat,1["any",1,{"__proto__":1}]', MALFORMED),
  ws('payload', 'the key __proto__ where the schema allows no other', echo('{"text":"x","__proto__":{}}'), MALFORMED),
  ws('payload', 'the key __proto__ for a plain listener', '42/plain,1["any",{"__proto__":{}}]', MALFORMED, {
    namespace: '/plain',
  }),
  ws(
    'payload',
    'keys that look like methods',
    any('{"toJSON":1,"toString":2,"valueOf":3,"then":4,"length":-1,"hasOwnProperty":5}'),
    'handled',
  ),
  ws('payload', 'an array of 400,000 numbers', any(`[${'1,'.repeat(399_999)}1]`), 'handled'),
  ws('payload', 'an object of 50,000 keys', any(`{${times(50_000, (index) => `"k${index}":1`).join()}}`), 'handled'),
  ws('payload', 'the same key 50,000 times', any(`{${times(50_000, () => '"k":1').join()}}`), 'handled'),
  ws('payload', 'a number of 100,000 digits', any('9'.repeat(100_000)), 'handled'),
  ws('payload', 'the number 1e400', any('1e400'), 'handled'),
  ws('payload', 'the number -0', any('-0'), 'handled'),
  ws('payload', 'a number with an exponent of 100,000 digits', any(`1e-${'9'.repeat(100_000)}`), 'handled'),
  ws('payload', 'a lone surrogate', any('"\\ud83d"'), 'handled'),
  ws('payload', 'NUL in a text', any('"\\u0000"'), 'handled'),
  ws(
    'payload',
    'every control character',
    any(JSON.stringify(String.fromCharCode(...times(32, (code) => code)))),
    'handled',
  ),
  ws('payload', 'separators of lines and of packets in a text', any('"\u2028\u2029\x7f\\u001e"'), 'handled'),
  ws('payload', 'a text of 900 kB', any(`"${'x'.repeat(900_000)}"`), 'handled'),
  ws('payload', '300,000 characters of three bytes', any(`"${'\u20ac'.repeat(300_000)}"`), 'handled'),
  ws('payload', 'a packet just within maxHttpBufferSize', any(`"${'x'.repeat(1_000_000 - 20)}"`), 'handled'),
  ...[
    'null',
    '1',
    '"x"',
    'true',
    '[]',
    '[{"text":"x"}]',
    '{}',
    '{"text":{"a":1}}',
    '{"Text":"x"}',
    '{"text\\u0000":"x"}',
  ].map((json) => ws('payload', `${json} against a schema`, echo(json), INVALID)),
  ws('payload', 'null where the schema declares a text, which Fastify coerces', echo('{"text":null}'), 'handled'),
  ws('payload', 'a property that the schema lacks, which Fastify removes', echo('{"text":"x","more":1}'), 'handled'),
  ws('payload', 'no payload for a schema', '42/chat,1["echo"]', INVALID),
  ws('payload', 'a text longer than the schema allows', echo(`{"text":"${'x'.repeat(1_001)}"}`), INVALID),
  ws('payload', 'an invalid payload without an ack', '42/chat,["echo",1]', 'ignored'),
  ws('payload', 'a key that a schema names twice', echo('{"text":1,"text":"x"}'), 'handled'),
  poll('payload', 'JSON cut off, in a POST', '42/chat,1["any",{"a":', { closed: 'close-packet' }),
  poll('payload', 'arrays nested 100,000 deep, in a POST', any(nested(100_000)), MALFORMED),
  poll('payload', 'the key __proto__ in a POST', any('{"__proto__":1}'), MALFORMED),
  poll('payload', 'a wrong payload in a POST', echo('7'), INVALID),
  poll('payload', 'a text with the separator of packets in a POST', any('"a\x1eb"'), { closed: 'close-packet' }),
]

/** Of 1,000 events at once the first 400 have a token: the bucket holds two seconds. */
const RATES: readonly Input[] = [
  ws(
    'rate',
    'a thousand events at once',
    times(1_000, (index) => `42/chat,${index}["any",1]`),
    { limited: 1_000 },
    { calls: 'limited' },
  ),
  ws(
    'rate',
    'a thousand events at once without acks',
    times(1_000, () => '42/chat,["any",1]'),
    'ignored',
    { calls: 'limited' },
  ),
  ws(
    'rate',
    'a thousand events at once for a plain listener',
    times(1_000, (index) => `42/plain,${index}["any",1]`),
    { limited: 1_000 },
    { calls: 'limited', namespace: '/plain' },
  ),
  ws(
    'rate',
    'a thousand unknown events at once',
    times(1_000, (index) => `42/chat,${index}["nope"]`),
    { limited: 1_000 },
  ),
  ws(
    'rate',
    'a thousand malformed events at once',
    times(1_000, (index) => `42/chat,${index}["any",{"__proto__":1}]`),
    { limited: 1_000 },
  ),
  ws(
    'rate',
    'a hundred and fifty events in flight',
    times(150, (index) => `42/chat,${index}["later",1]`),
    { answers: { ok: 100, 'ack FST_NSP_IN_FLIGHT_LIMIT': 50 } },
    { calls: 100 },
  ),
  ws(
    'rate',
    'a hundred and fifty joins of one namespace at once',
    times(150, () => '40/plain,'),
    { answers: { joined: 1 } },
  ),
  ws(
    'rate',
    'a thousand joins of unknown namespaces',
    times(1_000, (index) => `40/nope-${index},`),
    { limited: 1_000 },
  ),
  ws(
    'rate',
    'a thousand joins of a namespace joined already',
    times(1_000, () => '40/chat,'),
    { answers: { joined: 199 } },
  ),
  ws('rate', 'a thousand leaves and joins', times(500, () => ['41/chat,', '40/chat,']).flat(), CLOSED),
  ws(
    'rate',
    'a thousand acks without an emit',
    times(1_000, (index) => `43/chat,${index}[1]`),
    'ignored',
  ),
  {
    ...poll(
      'rate',
      'a thousand events in one POST',
      times(1_000, (index) => `42/chat,${index}["any",1]`).join('\x1e'),
      { limited: 1_000 },
    ),
    calls: 'limited',
  },
]

export const INPUTS: readonly Input[] = [
  ...FRAMES,
  ...ENGINE,
  ...PACKETS,
  ...BINARY,
  ...EVENTS,
  ...STREAMS,
  ...PAYLOADS,
  ...RATES,
]
