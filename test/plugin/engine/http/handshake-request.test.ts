import { IncomingMessage } from 'node:http'
import t from 'tap'
import { handshakeRequestOf, StandInRequest } from '../../../../plugin/engine/http/handshake-request.js'

t.test('a connection without an HTTP request gets an empty one, the same for each call', async (t) => {
  const connection = { request: null }
  const raw = handshakeRequestOf(connection)
  t.ok(raw instanceof StandInRequest && raw instanceof IncomingMessage)
  t.equal(handshakeRequestOf(connection), raw)
  const { method, url, httpVersion, headers, rawHeaders, complete } = raw
  t.strictSame(
    { method, url, httpVersion, headers: { ...headers }, rawHeaders, complete },
    { method: 'GET', url: '/', httpVersion: '3.0', headers: {}, rawHeaders: [], complete: true },
  )
  t.match(raw.socket, { encrypted: true })
  for await (const _chunk of raw) t.fail('there is no body')
})

t.test('a connection with an HTTP request keeps it', async (t) => {
  const { request } = { request: new StandInRequest() }
  t.equal(handshakeRequestOf({ request }), request)
})
