import type { IncomingMessage } from 'node:http'
import { type Namespace, Socket } from 'socket.io'

/*
 * Socket.IO's sockets of one server, as a class of its own: what each is to have they have by their prototype, and sockets
 * of other servers in this process go without.
 */

export type SocketClass = typeof Socket

export function createSocketClass(): SocketClass {
  class OwnSocket extends Socket {}
  Object.assign(OwnSocket.prototype, { buildHandshake })
  return OwnSocket as SocketClass
}

/** As Socket.IO has it, private: but the text of the time is made once a second, and not for each. */
function buildHandshake(this: Socket, auth: Auth): Socket['handshake'] {
  const { request, conn } = this
  const { headers, url, _query: query } = request as Asked
  const issued = Date.now()
  return {
    headers,
    time: textOf(issued),
    address: conn.remoteAddress,
    xdomain: Boolean(headers.origin),
    secure: Boolean((request.socket as { encrypted?: boolean }).encrypted),
    issued,
    url,
    query,
    auth,
  }
}

/**
 * Makes a namespace's sockets of a class. Those that come back from a recovery are still Socket.IO's own, and so are all
 * where `_createSocket`, which is private, has gone: whoever needs to know looks with `instanceof`.
 */
export function setSocketClass(namespace: Namespace, OwnSocket: SocketClass): void {
  const target = namespace as unknown as { _createSocket?: (client: Client, auth: Auth) => unknown }
  const { _createSocket: create } = target
  if (create?.length !== 2) return
  target._createSocket = (client, auth) =>
    auth.pid === undefined
      ? new OwnSocket(namespace, client, auth, undefined as never)
      : create.call(namespace, client, auth)
}

/** A request, as the engine has it. */
interface Asked extends IncomingMessage {
  readonly url: string
  readonly _query: Socket['handshake']['query']
}

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
