import type { PgClient, PgRow } from '../../adapters/postgres/postgres-pool.js'
import type { OutboxDelivery, OutboxEmit, OutboxRepeat, OutboxTurn } from '../../definition/outbox/emit-outbox.js'
import { withTimeout } from '../../shared/timeout.js'
import type { OutboxStatements } from './outbox-tables.js'

/*
 * One turn: a transaction in which a node reads a part of the outbox, delivers it and notes how far it has come. The row of the reader is
 * locked meanwhile, so that one node at a time has the turn; PostgreSQL ends the transaction of a node that stands still.
 */

/** Nothing comes from the node for so long: its turn ends. */
const LEASE_MS = 10_000
/** What the broker has not taken within this time is delivered again in another turn. Less than the lease. */
const DELIVERY_MS = 5_000
/** Bytes of one turn, unless its first emit has more. */
const MOST_BYTES = 1_000_000

const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = ${LEASE_MS}`

/** What a node knows of its own turns. */
export interface TurnMemory {
  /** How far its last turn came, if nothing has failed since: what comes next was not delivered by anybody. */
  delivered: bigint | undefined
  /** What is up to here may have been delivered. */
  uncertain: bigint
  /** What is up to here was delivered, and lost by the broker. */
  lost: bigint
  /** Without a broker: what became of emits, by their places, whose turn has failed after they were delivered. */
  readonly emitted: Map<bigint, string | undefined>
  /** For which that holds. */
  timeline: string
}

export interface TurnSettings {
  readonly statements: OutboxStatements
  readonly timeline: string
  readonly delivery: OutboxDelivery
  readonly memory: TurnMemory
  /** Milliseconds for the answer to a statement. */
  readonly answerMs: number
  /** How many rows are read. */
  readonly size: number
  /** Called with how far earlier turns came. Returns the place up to which nothing has to be kept for a broker that loses its data. */
  settled(delivered: bigint): bigint
  /** Milliseconds. */
  readonly now: () => number
}

interface RefusedEmit extends Pick<OutboxEmit, 'address' | 'event'> {
  readonly id: string
  readonly problem: string
}

/** How many emits a turn had, and which of them can not be delivered. */
export interface TurnResult {
  /** Whether it is another node's turn. */
  readonly isTaken: boolean
  readonly count: number
  /** Whether there may be more. */
  readonly isMore: boolean
  readonly refused: readonly RefusedEmit[]
}

const NONE = { isTaken: false, count: 0, isMore: false, refused: [] }

/** @throws (rejects) if something has failed: then the connection is not to be used again */
export async function runTurn(client: PgClient, settings: TurnSettings): Promise<TurnResult> {
  const { statements, timeline, delivery, memory, answerMs, size, settled, now } = settings
  const run = async (text: string, values: readonly unknown[] = []): Promise<PgRow[]> =>
    (await client.query({ text, values, query_timeout: answerMs })).rows
  await run(BEGIN)
  const [state] = await run(statements.take)
  if (!state) {
    await run('ROLLBACK')
    return { ...NONE, isTaken: true }
  }
  if (memory.timeline !== timeline) memory.emitted.clear()
  memory.timeline = timeline
  const before = BigInt(String(state.delivered))
  const mark = state.mark === null || state.timeline !== timeline ? undefined : String(state.mark)
  const turn = delivery.begin(mark)
  if (memory.delivered !== before) memory.uncertain = BigInt(String(state.last ?? 0))
  let from = before
  if (turn.isLost) {
    memory.lost = before
    from = 0n
    for (const { address, count } of await run(statements.count, [String(before)]))
      for (let each = Number(count); each > 0; each--) turn.rewind(String(address))
  }
  const begun = now()
  const rows = turn.isNew ? [] : await run(statements.read, [String(from), size, MOST_BYTES])
  const emits = rows.map(emitOf)
  // It may have stood still meanwhile, and another node have had the turn.
  if (now() - begun > DELIVERY_MS) throw new Error('this node has stood still')
  const delivering = emits.map((emit) => deliver(turn, emit, memory))
  const late = () => new Error(`the broker has not taken the emits within ${DELIVERY_MS} ms`)
  // All of them, so that nothing of this turn comes after what the next one sends.
  await withTimeout(Promise.allSettled(delivering), DELIVERY_MS, late)
  const problems = await Promise.all(delivering)
  const refused = emits.flatMap((emit, at) => {
    const problem = problems[at]
    // PostgreSQL keeps no NUL: with one, this turn and all that come after it would fail.
    return problem === undefined ? [] : [{ ...emit, problem: problem.replaceAll('\0', '') }]
  })

  const delivered = emits.at(-1)?.place ?? before
  const kept = turn.mark === undefined ? delivered : settled(before)
  if (emits.length === 0 && kept === 0n && !turn.isNew) {
    await run('ROLLBACK')
    return NONE
  }
  const failures = [refused.map(({ id }) => id), refused.map(({ problem }) => problem)]
  await run(statements.end, [String(delivered), turn.mark ?? null, timeline, String(kept), ...failures])
  await run('COMMIT')
  memory.delivered = delivered
  memory.emitted.clear()
  return { isTaken: false, count: emits.length, isMore: emits.length > 0 || turn.isNew, refused }
}

type PlacedEmit = OutboxEmit & { readonly id: string; readonly place: bigint }

/** The types were made texts by the statement: what `pg` makes of them is up to the application. */
function emitOf({ id, place, address, event, payload, rooms, except_rooms, is_checked }: PgRow): PlacedEmit {
  return {
    id: String(id),
    place: BigInt(String(place)),
    address: String(address),
    event: String(event),
    payload: payload === null ? undefined : String(payload),
    rooms: JSON.parse(String(rooms)),
    except: JSON.parse(String(except_rooms)),
    isChecked: is_checked === 'true',
  }
}

async function deliver(turn: OutboxTurn, emit: PlacedEmit, memory: TurnMemory): Promise<string | undefined> {
  const { emitted } = memory
  if (emitted.has(emit.place)) return emitted.get(emit.place)
  const problem = await turn.deliver(emit, repeatOf(emit.place, memory))
  if (turn.mark === undefined) emitted.set(emit.place, problem)
  return problem
}

function repeatOf(place: bigint, { uncertain, lost }: TurnMemory): OutboxRepeat {
  if (place <= lost) return 'delivered, and lost'
  return place <= uncertain ? 'perhaps delivered' : 'first'
}
