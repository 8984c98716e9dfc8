import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { deriveConnect, isRawConnect } from '../../../../plugin/engine/http/raw-connect.js'

function createHandshake(): IncomingMessage {
  const raw = new IncomingMessage(new Socket())
  raw.method = 'GET'
  raw.url = '/socket.io/?EIO=4&transport=websocket&own=1'
  raw.httpVersion = '1.1'
  raw.httpVersionMajor = 1
  raw.httpVersionMinor = 1
  raw.rawHeaders = ['Host', 'x', 'Upgrade', 'websocket', 'Cookie', 'a=1']
  raw.headers = { host: 'x', upgrade: 'websocket', cookie: 'a=1' }
  return raw
}

for (const isDetached of [true, false]) {
  const mode = isDetached ? 'without a stream' : 'as node makes it'

  t.test(`the raw request of a connect, ${mode}, is derived from its handshake`, async (t) => {
    const handshake = createHandshake()
    const raw = deriveConnect(handshake, '/chat', { token: 'abc' }, isDetached)
    t.ok(raw instanceof IncomingMessage)
    t.ok(isRawConnect(raw))
    t.notOk(isRawConnect(handshake))
    raw.url = '/other'
    const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders, complete, auth } = raw
    t.strictSame(
      {
        method,
        url,
        httpVersion,
        httpVersionMajor,
        httpVersionMinor,
        headers: { ...headers },
        rawHeaders,
        complete,
        auth,
      },
      {
        method: 'CONNECT',
        url: '/chat?own=1',
        httpVersion: '1.1',
        httpVersionMajor: 1,
        httpVersionMinor: 1,
        headers: { host: 'x', cookie: 'a=1', authorization: 'Bearer abc' },
        rawHeaders: ['Host', 'x', 'Cookie', 'a=1'],
        complete: true,
        auth: { token: 'abc' },
      },
    )
    t.equal(raw.socket, handshake.socket)
  })

  t.test(`destroying the raw request of a connect, ${mode}, refuses it and leaves its connection open`, async (t) => {
    const handshake = createHandshake()
    const raw = deriveConnect(handshake, '/chat', {}, isDetached)
    const errors: unknown[] = []
    raw.destroy(new Error('nobody listens'))
    raw.refuse = (error) => void errors.push(error)
    const error = new Error('refused')
    t.equal(raw.destroy(error), raw)
    t.strictSame(errors, [error])
    t.notOk(handshake.socket.destroyed)
  })

  t.test(`the raw request of a connect, ${mode}, is an empty stream`, async (t) => {
    const handshake = createHandshake()
    const raw = deriveConnect(handshake, '/chat', {}, isDetached)
    for await (const _chunk of raw) t.fail('there is no body')
    t.ok(raw.readableEnded)
    t.notOk(handshake.socket.destroyed)
  })
}
