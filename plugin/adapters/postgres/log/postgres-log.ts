import type { BrokerReceiver, LogPosition, PlacedEntry } from '../../broker.js'
import { PageSize } from '../../page-size.js'
import type { PostgresConnection } from '../postgres-connection.js'
import { type PostgresNames, quoted } from '../postgres-tables.js'
import { type Place, readNotice } from './postgres-notice.js'
import { entryOf, MOST_ENTRIES, readPart } from './postgres-rows.js'

/*
 * A followed log. What a notification brings is delivered if it is the next entry; else the log is read from the table, up to the
 * position that was heard of. After a loss of the connection, and when a notification contradicts it, the log is compared with what
 * was delivered.
 */

/** Delivered entries whose places are remembered, to find where a log was rolled back to. */
const REMEMBERED = 100

export class PostgresLog {
  readonly #log: number
  readonly #connection: PostgresConnection
  readonly #names: PostgresNames
  readonly #receiver: BrokerReceiver
  readonly #page: PageSize
  /** Undefined until it has begun. */
  #delivered: number | undefined
  #heardOf = 0
  /** Whether it begins or reads: then a notification is only noted. */
  #isReading = true
  /** Whether a notification said that the log has other entries than those that were delivered. */
  #isDoubtful = false
  /** Counts what has begun, so that a statement of an earlier round delivers nothing. */
  #round = 0
  #places: Place[] = []
  #began!: (position: LogPosition) => void
  #refuse!: (error: Error) => void
  /** Resolves with the end of the log when it was begun; rejects if it is left before. */
  readonly begun = new Promise<LogPosition>((resolve, reject) => {
    this.#began = resolve
    this.#refuse = reject
  })

  constructor(log: number, connection: PostgresConnection, names: PostgresNames, receiver: BrokerReceiver) {
    this.#log = log
    this.#connection = connection
    this.#names = names
    this.#receiver = receiver
    this.#page = new PageSize(MOST_ENTRIES, connection.answerMs)
  }

  get channel(): string {
    return this.#names.channel(`log_${this.#log}`)
  }

  /**
   * Begins to listen on a new connection: for the first time, or where it was.
   *
   * @param isCheck - whether it is the same connection: a log that was rolled back rejects, so that the connection is made again
   */
  async begin(isCheck = false): Promise<void> {
    const round = ++this.#round
    this.#isReading = true
    this.#isDoubtful = false
    // What was heard of before is in the log by now; or in one that was lost.
    this.#heardOf = 0
    await this.#connection.listen(`LISTEN ${quoted(this.channel)}`)
    const first = this.#places[0]?.position ?? 0
    const rows = await this.#connection.listen(
      `SELECT heads.position::text AS head, entries.position::text, entries.node, entries.number::text
        FROM ${this.#names.heads} AS heads LEFT JOIN ${this.#names.entries} AS entries
        ON entries.log = heads.log AND entries.position BETWEEN coalesce($2::bigint, heads.position) AND coalesce($3::bigint, heads.position)
        WHERE heads.log = $1 ORDER BY entries.position`,
      [this.#log, ...(this.#delivered === undefined ? [null, null] : [first, this.#delivered])],
    )
    const head = Number(rows[0]?.head ?? 0)
    const places = rows.filter(({ position }) => position !== null).map((row) => placeOf(entryOf(row)))
    if (this.#round !== round) return
    let isGapTold = false
    if (this.#delivered === undefined) {
      this.#places = places
      this.#delivered = head
      this.#began(String(head))
    } else {
      const stored = new Map(places.map((place) => [place.position, place]))
      const common = this.#commonWith(head, stored)
      if (common && isCheck) throw new Error('PostgreSQL has lost entries')
      // Without its row, it can't be told whether this is the same log.
      isGapTold = !common && 0 < this.#delivered && this.#delivered < head && !stored.has(this.#delivered)
      if (common) this.#rollBackTo(common)
      this.#receiver.resumed(this.#log, common ? 'rolled back' : isGapTold ? 'trimmed' : 'continuous')
    }
    this.#heardOf = Math.max(this.#heardOf, head)
    await this.#catchUp(isGapTold)
  }

  /** Ends the deliveries. */
  stop(): void {
    this.#round++
    this.#refuse(new Error('the log is not followed any more'))
  }

  /** @returns whether it could be read */
  notified(payload: string): boolean {
    const notice = readNotice(payload)
    if (!notice) return false
    const { position, node, number, body } = notice
    const next = Number(this.#delivered) + 1
    if (position < next && !this.#places.some((place) => isSame(place, notice))) this.#isDoubtful = true
    if (this.#isReading) this.#heardOf = Math.max(this.#heardOf, position)
    else if (position === next && body !== undefined) this.#deliver({ position: String(position), node, number, body })
    else if (position >= next || this.#isDoubtful) {
      this.#heardOf = position
      this.#catchUp().catch((error) => this.#connection.drop(error))
    }
    return true
  }

  /** The delivered entries that the log still has in common; undefined, if it has lost none. */
  #commonWith(head: number, stored: ReadonlyMap<number, Place>): Place[] | undefined {
    const other = this.#places.findIndex((delivered) => {
      const place = stored.get(delivered.position)
      return delivered.position > head || (place && !isSame(place, delivered))
    })
    return other < 0 && Number(this.#delivered) <= head ? undefined : this.#places.slice(0, Math.max(other, 0))
  }

  #rollBackTo(common: Place[]): void {
    this.#places = common
    this.#delivered = common.at(-1)?.position ?? 0
  }

  async #catchUp(isGapTold = false): Promise<void> {
    const round = this.#round
    this.#isReading = true
    while (Number(this.#delivered) < this.#heardOf) {
      const sought = this.#heardOf
      const { entries, hasGap } = await this.#page.measure(
        (size) => readPart(this.#connection, this.#names, this.#log, Number(this.#delivered), size),
        (part) => part.entries.length,
      )
      if (this.#round !== round) return
      if (hasGap && entries.length > 0 && !isGapTold) this.#receiver.resumed(this.#log, 'trimmed')
      for (const entry of entries) this.#deliver(entry)
      // What was heard of is not there: nobody appended it.
      if (entries.length === 0 && this.#heardOf === sought) break
    }
    this.#heardOf = 0
    this.#isReading = false
    if (this.#isDoubtful) await this.begin(true)
  }

  #deliver(entry: PlacedEntry): void {
    const place = placeOf(entry)
    this.#delivered = place.position
    this.#places.push(place)
    if (this.#places.length > 2 * REMEMBERED) this.#places.splice(0, REMEMBERED)
    this.#receiver.receiveEntry(this.#log, entry)
  }
}

function isSame(one: Place, other: Place): boolean {
  return one.position === other.position && one.node === other.node && one.number === other.number
}

function placeOf({ position, node, number }: PlacedEntry): Place {
  return { position: Number(position), node, number }
}
