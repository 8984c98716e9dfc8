import type { FastifyBaseLogger } from 'fastify'
import { PageSize } from '../../adapters/page-size.js'
import { isChanged } from '../../adapters/permanent-failure.js'
import type { PostgresConnection } from '../../adapters/postgres/postgres-connection.js'
import { ignoreError } from '../../adapters/postgres/postgres-pool.js'
import type { OutboxDelivery } from '../../definition/outbox/emit-outbox.js'
import { LogRates, RatedLog } from '../../shared/log/rated-log.js'
import { settlesWithin } from '../../shared/timeout.js'
import type { OutboxStatements } from './outbox-tables.js'
import { runTurn, type TurnMemory, type TurnResult } from './outbox-turn.js'
import { SettledPlaces } from './settled-places.js'

/*
 * Reads the outbox on one node, turn by turn: when a commit is notified, and every two seconds. Of several nodes, the one that had the last
 * turn comes at once, the others a little later, if there is something left.
 */

/** Emits of one turn. */
const MOST_EMITS = 500
const LOOK_EVERY_MS = 2_000
/** How long a node waits that did not have the last turn. */
const COURTESY_MS = 50
const FIRST_RETRY_MS = 100
const CLOSE_MS = 800

type ReadConnection = Pick<PostgresConnection, 'answerMs' | 'isConnected' | 'query' | 'take' | 'drop'>

export interface OutboxReaderOptions {
  readonly connection: ReadConnection
  readonly statements: OutboxStatements
  readonly delivery: OutboxDelivery
  readonly log: FastifyBaseLogger
  /** Milliseconds. */
  readonly now: () => number
}

export class OutboxReader {
  /** See `OutboxStatements.timeline`. */
  timeline = ''
  readonly #options: OutboxReaderOptions
  readonly #log: RatedLog
  readonly #page: PageSize
  readonly #settled: SettledPlaces
  readonly #memory: TurnMemory = {
    delivered: undefined,
    uncertain: 0n,
    lost: 0n,
    emitted: new Map(),
    timeline: '',
  }
  #hadLastTurn = false
  #running: Promise<void> | undefined
  #isWanted = false
  #isClosed = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #courtesy: NodeJS.Timeout | undefined

  constructor(options: OutboxReaderOptions) {
    this.#options = options
    this.#log = new RatedLog(options.log, new LogRates(options.now))
    this.#page = new PageSize(MOST_EMITS, options.connection.answerMs)
    this.#settled = new SettledPlaces(options.now)
  }

  /** Called when something was committed. */
  wake(): void {
    if (this.#hadLastTurn) this.#run()
    else this.#courtesy ??= setTimeout(() => this.#look('waits'), COURTESY_MS * (1 + Math.random())).unref()
  }

  /** Called when the database is connected: at first, or again. */
  begin(): void {
    this.#memory.delivered = undefined
    this.#lookLater(0)
  }

  /** Waits for the turn that runs, for a while. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#courtesy)
    if (this.#running) await settlesWithin(CLOSE_MS, this.#running)
  }

  #lookLater(ms: number): void {
    clearTimeout(this.#timer)
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#look('is_any'), ms).unref()
  }

  /** Takes a turn if there is something. A failure is that of the connection, and told there. */
  #look(what: 'waits' | 'is_any'): void {
    const { connection, statements } = this.#options
    this.#courtesy = undefined
    this.#lookLater(LOOK_EVERY_MS * (0.75 + Math.random() / 2))
    if (!connection.isConnected || this.#running) return
    connection.query(statements.look, []).then(([row]) => row?.[what] === 'true' && this.#run(), ignoreError)
  }

  #run(): void {
    this.#isWanted = true
    if (this.#isClosed || this.#running) return
    this.#running = this.#runAll().finally(() => {
      this.#running = undefined
    })
  }

  async #runAll(): Promise<void> {
    const { connection, delivery } = this.#options
    while (this.#isWanted && !this.#isClosed && connection.isConnected && delivery.isReady) {
      this.#isWanted = false
      try {
        const { isTaken, isMore, refused } = await this.#turn()
        this.#failures = 0
        this.#hadLastTurn = !isTaken && (isMore || this.#hadLastTurn)
        if (isMore) this.#isWanted = true
        for (const { id, address, event, problem } of refused)
          this.#log.error(
            { outboxId: id, namespace: address, emit: event, problem },
            'an emit of the outbox can not be delivered',
          )
      } catch (err) {
        this.#memory.delivered = undefined
        this.#hadLastTurn = false
        this.#log.write('warn', { err }, 'the outbox could not be delivered, and is tried again')
        this.#lookLater(Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LOOK_EVERY_MS))
      }
    }
  }

  async #turn(): Promise<TurnResult> {
    const { connection, statements, delivery, now } = this.#options
    const client = await connection.take()
    const release = (destroy: boolean) => {
      client.off('error', ignoreError)
      client.release(destroy)
    }
    const settings = {
      statements,
      timeline: this.timeline,
      delivery,
      memory: this.#memory,
      answerMs: connection.answerMs,
      settled: (delivered: bigint) => this.#settled.note(delivered),
      now,
    }
    const running = this.#page.measure(
      (size) => runTurn(client, { ...settings, size }),
      ({ count }) => count,
    )
    return await running.then(
      (result) => {
        release(false)
        return result
      },
      (error) => {
        release(true)
        // The next connection makes the tables again.
        if (isChanged(error)) connection.drop(error)
        throw error
      },
    )
  }
}
