import type { FastifyBaseLogger } from 'fastify'

/*
 * The types of an outbox: emits that are written in a transaction of the application, and delivered once it is committed.
 */

/**
 * A connection inside a transaction: `context.sql`, a client of `pg`, or anything with its `query(text, values)`.
 *
 * @example
 * const sql = { query: (text, values) => prismaTransaction.$queryRawUnsafe(text, ...values) }
 */
export interface OutboxClient {
  query(text: string, values: unknown[]): Promise<unknown>
}

/** An emit that waits. */
export interface OutboxEmit {
  readonly address: string
  readonly event: string
  /** JSON; undefined for an emit without a payload. */
  readonly payload: string | undefined
  /** None: the whole namespace. */
  readonly rooms: readonly string[]
  readonly except: readonly string[]
  /** Whether the payload was checked where it was written. */
  readonly isChecked: boolean
}

/** How one emit differs from one that is delivered for the first time. */
export type OutboxRepeat = 'first' | 'perhaps delivered' | 'delivered, and lost'

/** A part of the outbox, in its order, delivered by one node. */
export interface OutboxTurn {
  /** Whether the mark has to be kept before something is delivered: otherwise nobody could tell what is delivered again. */
  readonly isNew: boolean
  /** Whether the broker has lost something since the mark: what is still there is delivered again. */
  readonly isLost: boolean
  /** Where the broker was left, for the next turn, of any node; undefined without a broker. */
  readonly mark: string | undefined
  /** Counts an emit back that was delivered before the mark: it will be delivered again. */
  rewind(address: string): void
  /**
   * Resolves when the broker has the emit, or without one when it is on its way to the sockets of this node.
   *
   * @returns why it can never be delivered; undefined if it is
   * @throws (rejects) if it may be delivered later
   */
  deliver(emit: OutboxEmit, repeat: OutboxRepeat): Promise<string | undefined>
}

/** What delivers the emits of an outbox. */
export interface OutboxDelivery {
  /** Whether something can be delivered now. */
  readonly isReady: boolean
  /** @param mark - of the last turn, of any node */
  begin(mark: string | undefined): OutboxTurn
}

/** Where emits wait for the commit of a transaction: `createPostgresOutbox()` of `fastify-namespaces/stores`. */
export interface EmitOutbox {
  /** The statement that writes an emit. */
  statementOf(emit: OutboxEmit): { readonly text: string; readonly values: unknown[] }
  /**
   * Begins to deliver what is committed. Called once by each application, when it boots.
   *
   * @returns ends it; resolves within a second
   * @throws (rejects) FST_NSP_OUTBOX_UNREACHABLE
   */
  open(delivery: OutboxDelivery, log: FastifyBaseLogger): Promise<() => Promise<void>>
}
