import { text } from 'node:stream/consumers'
import t from 'tap'
import { handshakeRequestOf } from '../../../../plugin/engine/http/handshake-request.js'

t.test('a connection with a request has that one', async (t) => {
  const request = {}
  t.equal(handshakeRequestOf({ request }), request)
})

t.test(
  'a connection without a request, as of WebTransport, has an empty and encrypted one, the same each time',
  async (t) => {
    for (const connection of [{}, { request: null }]) {
      const request = handshakeRequestOf(connection)
      t.equal(handshakeRequestOf(connection), request)
      t.match(request, { method: 'GET', url: '/', httpVersion: '3.0', complete: true, headers: {} })
      t.equal((request.socket as { encrypted?: boolean }).encrypted, true)
      t.equal(await text(request), '', 'its body ends at once')
    }
  },
)
