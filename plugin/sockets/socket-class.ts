import { type Event, type Namespace, Socket } from 'socket.io'
import { createCompactor } from '../wire/fast/compact-listeners.js'

/*
 * A subclass of Socket.IO's Socket, one for each server. Methods of its prototype replace closures on every socket; sockets of
 * other servers in this process stay as they are.
 */

export type SocketClass = typeof Socket

/**
 * Creates the socket class of a server.
 *
 * @param receive - called with each event before any listener; `next()` passes the event on to the listeners, `next(error)`
 * emits `error`
 */
export function createSocketClass(
  receive: (socket: Socket, event: Event, next: (error?: Error) => void) => void,
): SocketClass {
  const { run } = stock
  const compact = createCompactor()

  class OwnSocket extends Socket {
    constructor(...made: ConstructorParameters<SocketClass>) {
      super(...made)
      // The only listener so far is Socket.IO's own, of `error`: it needs no error handling.
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
 * Makes a namespace create its sockets with a class. Recovered sockets stay Socket.IO's own, and so do all sockets if a release
 * of Socket.IO has no `_createSocket` or `run`, which are private: check with `instanceof`.
 */
export function setSocketClass(namespace: Namespace, OwnSocket: SocketClass): void {
  const target = namespace as unknown as { _createSocket?: (client: SocketClient, auth: Auth) => unknown }
  const { _createSocket: create } = target
  if (create?.length !== 2 || stock.run?.length !== 2) return
  target._createSocket = (client, auth) =>
    auth.pid === undefined
      ? new OwnSocket(namespace, client, auth, undefined as never)
      : create.call(namespace, client, auth)
}

// Private.
const stock = Socket.prototype as unknown as { run(event: Event, done: (error?: Error) => void): void }

type SocketClient = Socket['client']
type Auth = Socket['handshake']['auth']
