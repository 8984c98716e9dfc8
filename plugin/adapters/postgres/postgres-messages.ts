import { PageSize } from '../page-size.js'
import { LONGEST_PAYLOAD } from './log/postgres-notice.js'
import type { PostgresConnection } from './postgres-connection.js'
import type { PostgresNames } from './postgres-tables.js'
import { createBatches } from './statement-batch.js'

/*
 * Messages between nodes: notifications on a channel for each node and one for all. One that is too long for a notification is put
 * into a table, and its number is sent.
 */

interface Message {
  readonly channel: string
  readonly body: string
}

const MOST = 100
/** What stands before a body: a number in base 36, and a character. */
const LONGEST_HEADER = 16

export class PostgresMessages {
  readonly #connection: PostgresConnection
  readonly #names: PostgresNames
  readonly #receive: (body: string) => void
  readonly #send: (message: Message) => Promise<void>
  /** Equal notifications of one transaction would become one. */
  #number = 0

  constructor(connection: PostgresConnection, names: PostgresNames, receive: (body: string) => void) {
    this.#connection = connection
    this.#names = names
    this.#receive = receive
    this.#send = createBatches(new PageSize(MOST, connection.answerMs), chooseSize, async (messages) => {
      await (isLong(messages[0] as Message) ? this.#insert(messages) : this.#notify(messages))
      return messages.map(() => undefined)
    })
  }

  /** The channel of a node, or of all. */
  channel(node: string | undefined): string {
    return this.#names.channel(node === undefined ? 'all' : `node_${node}`)
  }

  /** Resolves once it is sent. */
  send(node: string | undefined, body: string): Promise<void> {
    return this.#send({ channel: this.channel(node), body })
  }

  /** @returns whether it could be read */
  notified(payload: string): boolean {
    const [header = '', mark] = /^[0-9a-z]{1,14}([:#])/.exec(payload) ?? []
    const rest = payload.slice(header.length)
    if (mark === ':') this.#receive(rest)
    else if (mark !== '#' || !/^\d{1,18}$/.test(rest)) return false
    else this.#fetch(rest).catch((error) => this.#connection.drop(error))
    return true
  }

  async #notify(messages: readonly Message[]): Promise<void> {
    await this.#connection.queryPrepared(
      'SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS message (channel, payload)',
      [messages.map(({ channel }) => channel), messages.map(({ body }) => `${this.#next()}:${body}`)],
    )
  }

  async #insert([message]: readonly Message[]): Promise<void> {
    await this.#connection.query(
      `WITH message AS (INSERT INTO ${this.#names.messages} (body) VALUES ($1) RETURNING id)
        SELECT pg_notify($2, concat($3::text, '#', id)) FROM message`,
      [message?.body, message?.channel, this.#next()],
    )
  }

  async #fetch(id: string): Promise<void> {
    const rows = await this.#connection.query(`SELECT body FROM ${this.#names.messages} WHERE id = $1`, [id])
    for (const { body } of rows) this.#receive(String(body))
  }

  #next(): string {
    return (++this.#number).toString(36)
  }
}

function isLong({ body }: Message): boolean {
  return Buffer.byteLength(body) > LONGEST_PAYLOAD - LONGEST_HEADER
}

/** A long one alone, or those before the next long one. */
function chooseSize(waiting: readonly Message[], most: number): readonly Message[] {
  const end = waiting.findIndex(isLong)
  if (end === 0) return waiting.slice(0, 1)
  return waiting.slice(0, Math.min(most, end < 0 ? most : end))
}
