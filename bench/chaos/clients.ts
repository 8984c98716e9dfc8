import { Manager, type Socket } from 'socket.io-client'
import { createHeaders } from './browser-headers.js'
import type { CrowdState } from './cluster.js'
import { idOf, Ledger, nextConnection } from './ledger.js'
import { OrderBook } from './order-book.js'
import type { ClientOrders } from './order-verdict.js'
import { answerQuestions, readSettings } from './program.js'
import { createRandom } from './random.js'
import { createVerdict, judge } from './verdict.js'

/*
 * Clients of a chaos run, a process of some hundred. All members of a room are in one process.
 */

export interface ClientsSettings {
  readonly url: string
  /** The first client, and how many there are. */
  readonly first: number
  readonly count: number
  readonly roomSize: number
  /** Messages in a second, of all clients of this process. */
  readonly rate: number
  readonly seed: number
  readonly headers: 'few' | 'many'
  /** Whether clients place orders: as many as bursts. */
  readonly orders: boolean
}

/** Losses that the run causes here: a share of the clients, and how. */
export interface Order {
  readonly share: number
  readonly ms: number
}

/** The connection of a client, with what only Node.js has. */
interface Wire {
  readonly transport?: { readonly ws?: { terminate(): void; pause(): void; resume(): void } }
}

/** Messages that a client sends at once. */
const BURST = 3
const TICK_MS = 50
/** Handshakes of this process that are under way at once, at the start. Later each client comes back by itself. */
const STEP = 50
/** The longest that a handshake may take: at the start, on a busy machine too, and when a client comes back. */
const [PATIENT_MS, TIMEOUT_MS] = [60_000, 3_000]

const { url, first, count, roomSize, rate, seed, headers, orders } = readSettings<ClientsSettings>()
const random = createRandom(seed + first)
let cause = 'start'
let isTalking = false
/** Why a client could not connect. */
let complaint: string | undefined

class Client {
  readonly ledger: Ledger
  readonly book: OrderBook | undefined
  readonly #manager: Manager
  readonly #socket: Socket
  #numbers = 0
  #awayMs = 0
  /** The cause of a loss that the run has caused here. */
  #cause: string | undefined

  constructor(number: number) {
    this.ledger = new Ledger(number)
    this.#manager = new Manager(url, {
      transports: ['websocket'],
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 200,
      reconnectionDelayMax: 1_000,
      timeout: PATIENT_MS,
      ...(headers === 'many' && { extraHeaders: createHeaders(number) }),
    })
    this.#socket = this.#manager.socket('/chat', { auth: { client: number } })
    this.#socket.on('news', ({ client, number }) => this.ledger.hear(idOf(client, number)))
    this.#socket.on('connect', () => this.#socket.recovered && this.ledger.return(true))
    this.book = orders ? new OrderBook(this.#manager, number) : undefined
    this.#manager.on('error', ({ message }) => {
      complaint = message
    })
    this.#socket.on('ready', () => this.ledger.return(false))
    this.#socket.on('disconnect', () => {
      this.ledger.lose(this.#cause ?? cause, this.#awayMs)
      this.#cause = undefined
      this.#awayMs = 0
      this.#numbers = nextConnection(this.#numbers)
    })
  }

  /** Resolves when it has its room. */
  connect(): Promise<void> {
    this.#socket.connect()
    return new Promise((resolve) => {
      this.#socket.once('ready', () => {
        this.#manager.timeout(TIMEOUT_MS)
        resolve()
      })
    })
  }

  get isConnected(): boolean {
    return this.#socket.connected
  }

  say(): void {
    if (!this.#socket.connected) return
    this.book?.place()
    for (let n = 0; n < BURST; n++) {
      const number = ++this.#numbers
      this.ledger.sent++
      this.#socket
        .timeout(10_000)
        .emit('say', { client: this.ledger.client, number }, (error: Error | null, ack?: { ok: boolean }) => {
          if (!error && ack?.ok) this.ledger.acked.push(idOf(this.ledger.client, number))
        })
    }
  }

  /** Loses its connection without a word, and comes back after `ms`. */
  leave(ms: number): void {
    if (!this.#socket.connected) return
    this.#cause = cause
    this.#awayMs = ms
    this.#manager.reconnection(false)
    this.#wire?.terminate()
    setTimeout(() => {
      this.#manager.reconnection(true)
      this.#socket.connect()
    }, ms)
  }

  /** Reads nothing for `ms`. */
  stall(ms: number): void {
    const wire = this.#wire
    wire?.pause()
    setTimeout(() => wire?.resume(), ms)
  }

  get #wire() {
    return (this.#manager.engine as unknown as Wire).transport?.ws
  }
}

const clients = Array.from({ length: count }, (_, index) => new Client(first + index))
const some = (share: number) => random.shuffle(clients).slice(0, Math.round(share * count))

async function connectAll(): Promise<void> {
  const waiting = clients.values()
  const connectNext = async () => {
    for (const client of waiting) await client.connect()
  }
  await Promise.all(Array.from({ length: STEP }, connectNext))
}
void connectAll()

/** What is still to be said: a fraction of a burst. */
let due = 0
setInterval(() => {
  if (!isTalking) return
  for (due += (rate * TICK_MS) / 1_000 / BURST; due >= 1; due--) clients[random.below(count)]?.say()
}, TICK_MS)

answerQuestions(undefined, {
  cause: (name: string) => {
    cause = name
  },
  talk: (on: boolean) => {
    isTalking = on
  },
  leave: ({ share, ms }: Order) => {
    for (const client of some(share)) client.leave(ms)
  },
  stall: ({ share, ms }: Order) => {
    for (const client of some(share)) client.stall(ms)
  },
  state: (): CrowdState => ({
    ready: clients.filter(({ ledger, isConnected }) => isConnected && ledger.readyAt !== undefined).length,
    complaint,
    ordering: clients.filter(({ book }) => book && !book.isDone).length,
    received: clients.reduce((sum, { ledger }) => sum + ledger.ids.length, 0),
  }),
  orders: () =>
    clients.flatMap(({ book, ledger: { client } }): ClientOrders[] =>
      book ? [{ client, placed: book.placed, failed: book.failed, accepted: book.accepted }] : [],
    ),
  judge: () => {
    const verdict = createVerdict()
    for (let room = 0; room < count; room += roomSize)
      judge(
        clients.slice(room, room + roomSize).map(({ ledger }) => ledger),
        verdict,
      )
    return verdict
  },
})
