import { PageSize } from '../page-size.js'
import type { PostgresConnection } from './postgres-connection.js'
import type { PostgresNames } from './postgres-tables.js'
import { createBatches } from './statement-batch.js'

/*
 * Sessions: many changes or reads at once are one statement, and the changes of one session stay in order. Statements take the locks of
 * their rows by id, so that those of two nodes never wait for each other.
 */

interface SessionPut {
  readonly id: string
  readonly text: string
  readonly ttlMs: number
  /** The stored text is replaced if it begins with this. */
  readonly head: string
}

/** Without a text, the session is taken. */
type SessionChange = SessionPut | { readonly id: string; readonly text?: undefined }

const MOST = 500

export class PostgresSessions {
  readonly #connection: PostgresConnection
  readonly #names: PostgresNames
  readonly #change: (change: SessionChange) => Promise<string | undefined>
  readonly #readOne: (id: string) => Promise<string | undefined>

  constructor(connection: PostgresConnection, names: PostgresNames) {
    this.#connection = connection
    this.#names = names
    this.#change = createBatches(new PageSize(MOST, connection.answerMs), chooseAlike, (changes) => {
      const puts = changes.filter((change): change is SessionPut => change.text !== undefined)
      return puts.length > 0 ? this.#put(puts) : this.#take(changes.map(({ id }) => id))
    })
    const chooseFirst = (ids: readonly string[], most: number) => ids.slice(0, most)
    this.#readOne = createBatches(new PageSize(MOST, connection.answerMs), chooseFirst, (ids) => this.#read(ids))
  }

  /** Returns whether it was written. */
  async put(put: SessionPut): Promise<boolean> {
    return (await this.#change(put)) !== undefined
  }

  async take(id: string): Promise<string | undefined> {
    return isStorable(id) ? await this.#change({ id }) : undefined
  }

  async read(id: string): Promise<string | undefined> {
    return isStorable(id) ? await this.#readOne(id) : undefined
  }

  /** Resolves with those that are not there. */
  async keep(ids: readonly string[], ttlMs: number): Promise<readonly string[]> {
    const { sessions } = this.#names
    const kept = new Set<unknown>()
    for (let start = 0; start < ids.length; start += MOST) {
      const rows = await this.#connection.query(
        `UPDATE ${sessions} SET expires = now() + $2 * interval '1 ms' WHERE id IN (
          SELECT id FROM ${sessions} WHERE id = ANY($1::text[]) AND expires > now() ORDER BY id FOR UPDATE) RETURNING id`,
        [ids.slice(start, start + MOST), ttlMs],
      )
      for (const { id } of rows) kept.add(id)
    }
    return ids.filter((id) => !kept.has(id))
  }

  async #read(ids: readonly string[]): Promise<(string | undefined)[]> {
    const { sessions } = this.#names
    const text = `SELECT id, body FROM ${sessions} WHERE id = ANY($1::text[]) AND expires > now()`
    const rows = await this.#connection.queryPrepared(text, [ids])
    const texts = new Map(rows.map(({ id, body }) => [id, String(body)]))
    return ids.map((id) => texts.get(id))
  }

  /** All of one head. Returns the ids of those that were written. */
  async #put(puts: readonly SessionPut[]): Promise<(string | undefined)[]> {
    const { sessions } = this.#names
    const rows = await this.#connection.queryPrepared(
      `INSERT INTO ${sessions} AS stored (id, body, expires)
        SELECT id, body, now() + ttl * interval '1 ms' FROM unnest($1::text[], $2::text[], $3::float8[]) AS put (id, body, ttl)
        ORDER BY id ON CONFLICT (id) DO UPDATE SET body = excluded.body, expires = excluded.expires
        WHERE starts_with(stored.body, $4) OR stored.expires <= now()
        RETURNING id`,
      [puts.map(({ id }) => id), puts.map(({ text }) => text), puts.map(({ ttlMs }) => ttlMs), puts[0]?.head],
    )
    const written = new Set(rows.map((row) => row.id))
    return puts.map(({ id }) => (written.has(id) ? id : undefined))
  }

  async #take(ids: readonly string[]): Promise<(string | undefined)[]> {
    const { sessions } = this.#names
    const rows = await this.#connection.queryPrepared(
      `DELETE FROM ${sessions} WHERE id IN (
          SELECT id FROM ${sessions} WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE)
        RETURNING id, body, expires > now() AS lives`,
      [ids],
    )
    const texts = new Map(rows.filter(({ lives }) => lives).map(({ id, body }) => [id, String(body)]))
    return ids.map((id) => texts.get(id))
  }
}

/** Whether an id, which is of a client, can be one: no text of PostgreSQL has this character. */
function isStorable(id: string): boolean {
  return !id.includes('\0')
}

/** Those of the first one's kind and head, unless another change of the same session stands before. */
function chooseAlike(waiting: readonly SessionChange[], most: number): readonly SessionChange[] {
  const first = waiting[0]
  const seen = new Set<string>()
  return waiting
    .filter((change) => {
      const isFirst = !seen.has(change.id)
      seen.add(change.id)
      return isFirst && headOf(change) === headOf(first)
    })
    .slice(0, most)
}

/** Undefined for one that is taken. */
function headOf(change: SessionChange | undefined): string | undefined {
  return change?.text === undefined ? undefined : change.head
}
