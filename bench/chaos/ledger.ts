/*
 * What one client of a chaos run has sent, received and lost, and when. Times are milliseconds of the clock of the machine.
 */

/** A loss of the connection, until the client is back and has its room. */
export interface Loss {
  readonly cause: string
  readonly at: number
  /** When the client could come back at the earliest. */
  readonly mayReturnAt: number
  /** When it had last received something before. */
  readonly heardAt: number
  backAt?: number
  isRecovered?: boolean
}

/** A message: client and number, as one number. */
export type MessageId = number

const NUMBERS = 1_000_000

export const idOf = (client: number, number: number): MessageId => client * NUMBERS + number

// A client counts on from the next multiple of it when it has lost its connection.
const CONNECTION = 1_000

/** The number of the first message over the next connection. */
export const nextConnection = (number: number): number => (Math.floor(number / CONNECTION) + 1) * CONNECTION
/** The sender's connection that a message was sent over. */
export const connectionOf = (id: MessageId): number => Math.floor(id / CONNECTION)

export class Ledger {
  readonly client: number
  readonly ids: MessageId[] = []
  readonly times: number[] = []
  readonly losses: Loss[] = []
  /** When it had its room first. */
  readyAt: number | undefined
  sent = 0
  /** The messages that were acked. */
  readonly acked: MessageId[] = []

  constructor(client: number) {
    this.client = client
  }

  hear(id: MessageId): void {
    this.ids.push(id)
    this.times.push(Date.now())
  }

  /** `awayMs`: how long the client stays away by itself. */
  lose(cause: string, awayMs: number): void {
    const open = this.losses.at(-1)
    // Lost again before it had its room: one loss.
    if (this.readyAt === undefined || (open && open.backAt === undefined)) return
    const at = Date.now()
    this.losses.push({ cause, at, mayReturnAt: at + awayMs, heardAt: this.times.at(-1) ?? this.readyAt })
  }

  return(isRecovered: boolean): void {
    this.readyAt ??= Date.now()
    const loss = this.losses.at(-1)
    if (loss && loss.backAt === undefined) Object.assign(loss, { backAt: Date.now(), isRecovered })
  }
}
