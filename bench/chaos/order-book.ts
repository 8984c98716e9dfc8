import type { Manager, Socket } from 'socket.io-client'
import type { Order } from './orders.js'

/*
 * The orders of one client. It places one after another, each until it has been accepted: what a careful application does with the
 * stock client.
 */

/** An order that was accepted: its number at the client, and what the ack said. */
export type Accepted = readonly [number: number, reply: number]

interface Ack {
  readonly ok: boolean
  readonly data?: number
}

/** Milliseconds until an order is sent again that has got no ack, or has failed. */
const ACK_MS = 3_000
const AGAIN_MS = 200

export class OrderBook {
  readonly accepted: Accepted[] = []
  /** Acks that said that the order has failed: it is placed again. */
  failed = 0
  readonly #client: number
  readonly #socket: Socket
  #placed = 0
  #isWaiting = false

  constructor(manager: Manager, client: number) {
    this.#client = client
    // It repeats an event without an ack, as often as it takes.
    this.#socket = manager.socket('/orders', { retries: Number.MAX_SAFE_INTEGER, ackTimeout: ACK_MS })
  }

  get placed(): number {
    return this.#placed
  }

  get isDone(): boolean {
    return !this.#isWaiting
  }

  place(): void {
    this.#placed++
    if (!this.#isWaiting) this.#sendNext()
  }

  #sendNext(): void {
    const number = this.accepted.length + 1
    this.#isWaiting = number <= this.#placed
    if (!this.#isWaiting) return
    if (!this.#socket.active) this.#socket.connect()
    const order: Order = { client: this.#client, number }
    this.#socket.emit('order:place', order, (error: Error | null, ack?: Ack) => {
      if (!error && ack?.ok) {
        this.accepted.push([number, Number(ack.data)])
        this.#sendNext()
        return
      }
      this.failed++
      setTimeout(() => this.#sendNext(), AGAIN_MS)
    })
  }
}
