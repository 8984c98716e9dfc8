import type { FastifyRequest } from 'fastify'
import type { Socket } from 'socket.io'
import type { Bucket, FullAt } from '../shared/limits.js'
import { connectionStateOf } from '../wire/connection-state.js'

/*
 * What a connection has joined, and what it is on the way to. Whatever a join has taken is given back when it ends, and it
 * ends once: with its socket, with a refusal, when its time is up, or with its connection.
 */

/** Something that takes a while, and ends once. */
export class Attempt {
  #isOver = false
  #timer: NodeJS.Timeout | undefined = undefined
  /** Whether its client has gone. */
  hasLeft = false
  #release: (() => void) | undefined = undefined
  /** Ends what of it is under way. */
  cancel: (() => void) | undefined = undefined

  get isOver(): boolean {
    return this.#isOver
  }

  /** Calls `late` with it where it has not ended within a time. Milliseconds; 0 is no bound. */
  limit(timeoutMs: number, late: (attempt: this) => void): void {
    if (timeoutMs > 0) this.#timer = setTimeout(late, timeoutMs, this).unref()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.cancel?.()
    this.giveBack()
  }

  /** `release` gives back what it holds, when it ends; now, where it has ended already. */
  hold(release: () => void): void {
    if (this.#isOver) release()
    else this.#release = release
  }

  /** What it has taken. */
  protected giveBack(): void {
    this.#release?.()
  }
}

/** One join: of one connection, to one address. Its place counts from the beginning to the end. */
export class Join extends Attempt {
  readonly joining: Joining
  readonly address: string
  /** The very object that Socket.IO hands on to the socket. */
  readonly auth: object
  /** What was admitted; undefined in a namespace without a definition. */
  request: FastifyRequest | undefined = undefined
  /** Whether Socket.IO has it. */
  isPassed = false
  /** What Socket.IO has made of it. */
  socket: Socket | undefined = undefined

  constructor(joining: Joining, address: string, auth: object) {
    super()
    this.joining = joining
    this.address = address
    this.auth = auth
    joining.pending ??= new Map()
    joining.pending.set(address, this)
  }

  protected override giveBack(): void {
    const { joining, address } = this
    joining.pending?.delete(address)
    if (joining.pending?.size === 0) joining.pending = undefined
    super.giveBack()
  }
}

const NONE: readonly Socket[] = []

/** Of one connection. Most are idle: there is nothing in it that they do not need. */
export class Joining {
  /** The sockets that it has. A list that is pushed to would have room for seventeen. */
  sockets = NONE
  /** By the addresses that it is on the way to. No Map for none. */
  pending: Map<string, Join> | undefined = undefined
  /** What is left of its rates; there at their first use. */
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
    this.sockets = [...this.sockets, socket]
  }

  remove(socket: Socket): void {
    this.sockets = this.sockets.filter((other) => other !== socket)
  }
}

/** That of an engine's socket. */
export function joiningOf(connection: object): Joining {
  const state = connectionStateOf(connection)
  state.joins ??= new Joining()
  return state.joins as Joining
}
