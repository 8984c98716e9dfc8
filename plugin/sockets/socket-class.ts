import type { IncomingMessage } from 'node:http'
import { type Event, type Namespace, Socket } from 'socket.io'
import { createCompact } from '../wire/compact-listeners.js'

/*
 * Socket.IO's sockets of one server, as a class of its own: what each is to have they have by their prototype, and sockets
 * of other servers in this process go without.
 */

export type SocketClass = typeof Socket

/** `receive` has each event before any listener of its socket, to which `next` hands it on; with an error, to those of `error`. */
export function createSocketClass(
  receive: (socket: Socket, event: Event, next: (error?: Error) => void) => void,
): SocketClass {
  const { run } = stock
  const compact = createCompact()

  class OwnSocket extends Socket {
    constructor(...made: ConstructorParameters<SocketClass>) {
      super(...made)
      // There is one so far, of `error`, and it is Socket.IO's own: it needs no containing.
      compact(this, (contained) => contained.listener ?? contained)
    }
  }
  Object.assign(OwnSocket.prototype, {
    buildHandshake,
    run(this: Socket, event: Event, done: (error?: Error) => void) {
      receive(this, event, (error) => (error ? done(error) : run.call(this, event, done)))
    },
  })
  return OwnSocket as SocketClass
}

/** As Socket.IO has it, private: but the text of the time is made once a second, and not for each. */
function buildHandshake(this: Socket, auth: Auth): Socket['handshake'] {
  const { request, conn } = this
  const { headers, url, _query: query } = request ? (request as Asked) : UNASKED
  const issued = Date.now()
  return {
    headers,
    time: textOf(issued),
    address: conn.remoteAddress,
    xdomain: Boolean(headers.origin),
    secure: !request || Boolean((request.socket as { encrypted?: boolean }).encrypted),
    issued,
    url,
    query,
    auth,
  }
}

/**
 * Makes a namespace's sockets of a class. Those that come back from a recovery are still Socket.IO's own, and so are all
 * where `_createSocket` or `run`, which are private, have gone: whoever needs to know looks with `instanceof`.
 */
export function setSocketClass(namespace: Namespace, OwnSocket: SocketClass): void {
  const target = namespace as unknown as { _createSocket?: (client: Client, auth: Auth) => unknown }
  const { _createSocket: create } = target
  if (create?.length !== 2 || stock.run?.length !== 2) return
  target._createSocket = (client, auth) =>
    auth.pid === undefined
      ? new OwnSocket(namespace, client, auth, undefined as never)
      : create.call(namespace, client, auth)
}

/** Of a session of WebTransport, which has no request. */
const UNASKED = { headers: {}, url: undefined, _query: {} } as unknown as Asked

/** A request, as the engine has it. */
interface Asked extends IncomingMessage {
  readonly url: string
  readonly _query: Socket['handshake']['query']
}

// Private, too.
const stock = Socket.prototype as unknown as { run(event: Event, done: (error?: Error) => void): void }

type Client = Socket['client']
type Auth = Socket['handshake']['auth']

let second = 0
let text = ''

function textOf(time: number): string {
  if (Math.floor(time / 1_000) !== second) {
    second = Math.floor(time / 1_000)
    text = String(new Date(time))
  }
  return text
}
