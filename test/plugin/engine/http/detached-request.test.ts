import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import WebSocket from 'ws'
import { CapturedResponse } from '../../../../plugin/engine/http/captured-response.js'
import { UpgradeRequest } from '../../../../plugin/engine/http/detached-request.js'
import { HEADER_SHAPE, inheritHeaders } from '../../../../plugin/engine/http/header-cache.js'
import { deriveConnect } from '../../../../plugin/engine/http/raw-connect.js'
import { build, heard, listen, until, WEBSOCKET } from '../../harness.js'

/** Creates a raw request as node would have parsed it. */
function read(
  rawHeaders: string[],
  url = '/socket.io/?EIO=4&transport=websocket',
  httpVersion = '1.1',
): IncomingMessage {
  const raw = new IncomingMessage(new Socket())
  const headers: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers[String(rawHeaders[index]).toLowerCase()] ??= String(rawHeaders[index + 1])
  }
  return Object.assign(raw, { method: 'GET', url, httpVersion, rawHeaders, headers })
}

const SENT = ['Host', 'here', 'Connection', 'Upgrade', 'X-Own', '1']

t.test('an UpgradeRequest has the fields of the request that node has parsed', async (t) => {
  for (const sent of [SENT, [...SENT, 'x-own', '2'], []]) {
    const raw = read(sent)
    const kept = new UpgradeRequest(raw) as unknown as IncomingMessage
    const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders, headers, socket } = kept
    t.strictSame({ method, url, httpVersion, rawHeaders, headers }, { ...pick(raw) })
    t.strictSame([httpVersionMajor, httpVersionMinor], [1, 1])
    t.equal(socket, raw.socket)
    t.equal((kept as unknown as { client: unknown }).client, raw.socket)
    t.ok(kept instanceof IncomingMessage)
    t.strictSame([kept.complete, kept.aborted, kept.trailers], [true, false, {}])
  }
  t.equal(new UpgradeRequest(read(SENT, '/', '1.0')).httpVersionMinor, 0)
})

function pick({ method, url, httpVersion, rawHeaders, headers }: IncomingMessage) {
  return { method, url, httpVersion, rawHeaders, headers }
}

t.test('an UpgradeRequest is an empty stream', async (t) => {
  for await (const _chunk of new UpgradeRequest(read(SENT)) as unknown as IncomingMessage) t.fail('there is no body')
})

t.test('a connect has the current headers of its handshake, except those of the connection', async (t) => {
  for (const sent of [SENT, [...SENT, 'x-own', '2']]) {
    const kept = new UpgradeRequest(read(sent)) as unknown as IncomingMessage
    t.strictSame(inheritHeaders(kept), { host: 'here', 'x-own': '1' })
    t.strictSame(inheritHeaders(kept, 'Bearer abc'), { host: 'here', 'x-own': '1', authorization: 'Bearer abc' })
    kept.headers['x-own'] = '3'
    t.strictSame(inheritHeaders(kept), { host: 'here', 'x-own': '3' })
    kept.headers['x-added'] = '4'
    t.strictSame(inheritHeaders(kept), { host: 'here', 'x-own': '3', 'x-added': '4' })
    delete kept.headers['x-added']
    delete kept.headers['x-own']
    t.strictSame(inheritHeaders(kept), { host: 'here' })
  }
})

t.test('invented header names are kept on their request', async (t) => {
  for (let index = 0; index < 600; index++) {
    const name = `X-${index}`
    const kept = new UpgradeRequest(read([name, 'x']))
    t.strictSame(kept.rawHeaders, [name, 'x'])
    t.strictSame(kept.headers, { [name.toLowerCase()]: 'x' })
  }
})

t.test('invented header names do not evict the shape of a browser that is used again', async (t) => {
  const shapeOf = (names: string[]) => new UpgradeRequest(read(names.flatMap((name) => [name, 'x'])))[HEADER_SHAPE]
  const browser = ['Host', 'User-Agent', 'X-Of-A-Browser']
  const first = shapeOf(browser)
  for (let index = 0; index < 2_000; index++) {
    shapeOf([`X-Made-Up-${index}`])
    if (index % 100 === 0) t.equal(shapeOf(browser), first, 'a shape in use stays')
  }
  for (let index = 0; index < 2_000; index++) shapeOf([`X-Made-Up-Again-${index}`])
  t.not(shapeOf(browser), first, 'a shape that is not used is evicted')
  t.equal(shapeOf(browser), shapeOf(browser))
  const long = [`X-${'long'.repeat(1_000)}`]
  t.not(shapeOf(long), shapeOf(long), 'names that are too long for a browser are not cached')
})

t.test('a header may be named __proto__ or constructor, without an effect on objects', async (t) => {
  for (const name of ['__proto__', 'Constructor', 'toString', 'hasOwnProperty']) {
    const sent = ['Host', 'here', name, 'x', 'X-Own', '1']
    const headers: Record<string, string> = { host: 'here', 'x-own': '1' }
    // node drops `__proto__`.
    if (name !== '__proto__') headers[name.toLowerCase()] = 'x'
    for (let times = 2; times > 0; times--) {
      const raw = Object.assign(read(sent), { headers: { ...headers } })
      const kept = new UpgradeRequest(raw) as unknown as IncomingMessage
      t.strictSame(kept.headers, headers)
      t.strictSame(kept.rawHeaders, sent)
      t.strictSame(inheritHeaders(kept, 'Bearer x'), { ...headers, authorization: 'Bearer x' })
      for (const value of Object.values(kept.headers)) t.type(value, 'string')
      for (const each of [kept.headers, inheritHeaders(kept)]) t.equal(Object.getPrototypeOf(each), Object.prototype)
      kept.headers.constructor = 'x' as never
      t.strictSame(Object.keys(inheritHeaders(kept)), Object.keys(kept.headers))
    }
  }
  const answer = new CapturedResponse(read(SENT))
  answer.setHeader('__proto__', ['a', 'b'])
  answer.setHeader('X-Own', '1')
  t.strictSame(Object.entries(answer.endToEndHeaders), [
    ['__proto__', ['a', 'b']],
    ['x-own', '1'],
  ])
  t.equal({}.toString(), '[object Object]')
})

t.test('a client that sends a header named __proto__ joins', async (t) => {
  const seen: object[] = []
  const app = await build(t, {
    namespaces: { '/chat': { onConnect: ({ request }) => void seen.push(request.headers, request.raw.headers) } },
  })
  const headers = JSON.parse('{"__proto__":"x","constructor":"y","x-own":"1"}')
  const socket = new WebSocket(`ws://127.0.0.1:${await listen(app)}${WEBSOCKET}`, { headers })
  t.teardown(() => socket.terminate())
  await heard(socket, 'open')
  socket.send('40/chat,')
  await until(() => seen.length === 2)
  for (const each of seen) {
    t.match(each, { 'x-own': '1' })
    for (const value of Object.values(each)) t.type(value, 'string')
  }
})

t.test('invented header values are kept on their request', async (t) => {
  for (let index = 0; index < 1_100; index++) {
    const kept = new UpgradeRequest(read(['User-Agent', `Browser ${index}`, 'Cookie', 'a=1']))
    t.strictSame(kept.headers, { 'user-agent': `Browser ${index}`, cookie: 'a=1' })
  }
  const long = 'x'.repeat(1_000)
  t.strictSame(new UpgradeRequest(read(['Accept', long])).headers, { accept: long })
})

t.test('the query is read as the engine reads it, or left to the engine', async (t) => {
  const cases: [url: string, query: Record<string, string> | undefined][] = [
    ['/?EIO=4&transport=websocket', { EIO: '4', transport: 'websocket' }],
    ['/?a=1&a=2&&b&c=x=y&=z', { a: '2', b: '', c: 'x=y', '': 'z' }],
    ['/', {}],
    ['/?a=%20', undefined],
    ['/?a=1+2', undefined],
    ['/?a=1#b', undefined],
  ]
  for (const [url, expected] of cases) {
    const { _query: query } = new UpgradeRequest(read([], url))
    t.strictSame(query && { ...query }, expected, url)
    if (expected) t.strictSame(Object.fromEntries(new URL(url, 'http://x').searchParams), expected, url)
    t.equal(query?.constructor, undefined)
  }
})

t.test("a connect's raw request has the fields of its handshake, except method, address and body", async (t) => {
  const handshake = new UpgradeRequest(read(SENT, '/socket.io/?EIO=4&own=1')) as unknown as IncomingMessage
  const raw = deriveConnect(handshake, '/chat', { token: 'abc' }) as unknown as IncomingMessage
  t.strictSame(pick(raw), {
    method: 'CONNECT',
    url: '/chat?own=1',
    httpVersion: '1.1',
    rawHeaders: ['Host', 'here', 'X-Own', '1'],
    headers: { host: 'here', 'x-own': '1', authorization: 'Bearer abc' },
  })
  raw.url = '/other'
  t.equal(raw.url, '/chat?own=1')
  t.strictSame([raw.httpVersionMajor, raw.httpVersionMinor, raw.socket], [1, 1, handshake.socket])
})

t.test("a connect's query is that of its handshake without the engine's parameters", async (t) => {
  const urlOf = (query: string) => {
    const handshake = new UpgradeRequest(read(SENT, `/socket.io/${query}`)) as unknown as IncomingMessage
    return deriveConnect(handshake, '/chat', {}).url
  }
  t.equal(urlOf('?EIO=4&transport=websocket'), '/chat')
  t.equal(urlOf('?a=1&EIO=4&b&sid=x&&c=2=3&'), '/chat?a=1&b&c=2=3')
  t.equal(urlOf('?a=%20&EIO=4&b=1'), '/chat?a=+&b=1')
  t.equal(urlOf('?'), '/chat')
  t.equal(urlOf(''), '/chat')
})
