import type { FastifyRequest } from 'fastify'
import type { Socket } from 'socket.io'
import type { Bucket, FullAt } from '../shared/limits/token-bucket.js'
import { connectionStateOf } from '../wire/connection-state.js'

/*
 * What one connection has joined and is joining. Whatever a join has taken is released when the join ends. It ends once: with
 * its socket, with a refusal, at its time limit, or with its connection.
 */

/** A pending operation that ends once. */
export class Attempt {
  #isOver = false
  #timer: NodeJS.Timeout | undefined = undefined
  /** Whether its client has disconnected. */
  hasLeft = false
  #release: (() => void) | undefined = undefined
  /** Cancels the pending part of it. */
  cancel: (() => void) | undefined = undefined

  get isOver(): boolean {
    return this.#isOver
  }

  /** Calls `late` if it has not ended within `timeoutMs`. Milliseconds; 0 turns it off. */
  limit(timeoutMs: number, late: (attempt: this) => void): void {
    if (timeoutMs > 0) this.#timer = setTimeout(late, timeoutMs, this).unref()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    // A cleared timer keeps its arguments, here the attempt. If both kept each other, V8 would release them late.
    this.#timer = undefined
    this.cancel?.()
    this.giveBack()
  }

  /** Registers `release` to be called at the end, the last one first; calls it now if the end has passed. */
  hold(release: () => void): void {
    if (this.#isOver) {
      release()
      return
    }
    const former = this.#release
    this.#release = former
      ? () => {
          release()
          former()
        }
      : release
  }

  /** Releases what was taken. */
  protected giveBack(): void {
    this.#release?.()
  }
}

/** The join of one connection to one address. It counts towards the limit from its start to its end. */
export class Join extends Attempt {
  readonly joins: ConnectionJoins
  readonly address: string
  /** The same object that Socket.IO passes to the socket. */
  readonly auth: object
  /** The admitted request; undefined in a namespace without a definition. */
  request: FastifyRequest | undefined = undefined
  /** Whether its CONNECT packet was passed to Socket.IO. */
  isPassed = false
  /** The socket that Socket.IO has made of it. */
  socket: Socket | undefined = undefined

  constructor(joins: ConnectionJoins, address: string, auth: object) {
    super()
    this.joins = joins
    this.address = address
    this.auth = auth
    joins.pending ??= new Map()
    joins.pending.set(address, this)
  }

  protected override giveBack(): void {
    const { joins, address } = this
    joins.pending?.delete(address)
    if (joins.pending?.size === 0) joins.pending = undefined
    super.giveBack()
  }
}

const NONE: readonly Socket[] = []

/** The joins of one connection. Most connections are idle, so its fields are created when they are first needed. */
export class ConnectionJoins {
  /** The connected sockets. concat() makes an array of their number; push() and a spread with one more reserve room for seventeen. */
  sockets = NONE
  /** The pending joins by address; undefined if there are none. */
  pending: Map<string, Join> | undefined = undefined
  /** The state of its rate limits, created at their first use. */
  joins: FullAt | undefined = undefined
  leaves: FullAt | undefined = undefined
  acks: Bucket | undefined = undefined

  get count(): number {
    return this.sockets.length + (this.pending?.size ?? 0)
  }

  socketAt(address: string): Socket | undefined {
    return this.sockets.find(({ nsp }) => nsp.name === address)
  }

  add(socket: Socket): void {
    this.sockets = this.sockets.concat(socket)
  }

  remove(socket: Socket): void {
    this.sockets = this.sockets.filter((other) => other !== socket)
  }
}

/** The joins of an engine.io connection. */
export function joinsOf(connection: object): ConnectionJoins {
  const state = connectionStateOf(connection)
  state.joins ??= new ConnectionJoins()
  return state.joins as ConnectionJoins
}
