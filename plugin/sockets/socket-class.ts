import { type Event, type Namespace, Socket } from 'socket.io'
import { createCompactor } from '../wire/compact-listeners.js'

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
  const compact = createCompactor()

  class OwnSocket extends Socket {
    constructor(...made: ConstructorParameters<SocketClass>) {
      super(...made)
      // There is one so far, of `error`, and it is Socket.IO's own: it needs no containing.
      compact(this, (contained) => contained.listener ?? contained)
    }
  }
  Object.assign(OwnSocket.prototype, {
    run(this: Socket, event: Event, done: (error?: Error) => void) {
      receive(this, event, (error) => (error ? done(error) : run.call(this, event, done)))
    },
  })
  return OwnSocket as SocketClass
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

// Private.
const stock = Socket.prototype as unknown as { run(event: Event, done: (error?: Error) => void): void }

type Client = Socket['client']
type Auth = Socket['handshake']['auth']
