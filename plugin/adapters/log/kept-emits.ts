import { randomUUID } from 'node:crypto'
import type { OutboxRepeat, OutboxTurn } from '../../definition/outbox/emit-outbox.js'
import { isTooLong, type RetainedMark } from '../../shared/retained-emits.js'
import type { Broker } from '../broker.js'
import { retainedChange } from '../retained/retained-change.js'
import { LogBatch, writeBody } from './log-body.js'
import { emitFields } from './log-item.js'
import { formatOffset, LOG_START } from './log-position.js'

/*
 * Emits that are kept elsewhere until a log has them, and that one node after another appends: see OutboxTurn. They are entries of one writer
 * that is no node. Its numbers are handed on with a mark, so that all nodes number an emit alike, and drop it if it is appended again.
 */

export interface KeptEmitsOptions {
  readonly broker: Pick<Broker, 'append' | 'isConnected'>
  /** How many logs there are. */
  readonly logs: number
  readonly logOf: (address: string) => number
  /** '' until it is known. */
  readonly epoch: () => string
}

/** The packet, as Socket.IO's own encoder writes it, and whom it is for. */
interface KeptEmit {
  readonly encoded: readonly (string | Buffer)[]
  readonly rooms: readonly string[]
  readonly except: readonly string[]
  readonly retain?: RetainedMark | undefined
}

/** The turn of one node. */
interface KeptTurn extends Pick<OutboxTurn, 'isNew' | 'isLost' | 'rewind'> {
  readonly mark: string
  /**
   * Appends an emit to the log of its address; without one, an entry without an emit takes its number.
   *
   * @throws (rejects) if nobody knows whether the broker has it
   */
  append(address: string, emit: KeptEmit | undefined, repeat: OutboxRepeat): Promise<void>
}

export interface KeptEmits {
  readonly isReady: boolean
  begin(mark: string | undefined): KeptTurn
}

/** The last number in each log, and the offset of its entry; '' if there is none. */
type Marks = (readonly [number: number, place: string])[]

interface Mark {
  readonly writer: string
  readonly epoch: string
  readonly logs: Marks
}

const WRITER = 'kept:'
/** A broker takes no number below 1, and numbers are counted back. */
const FIRST = 1_000_000_000

/** Whether entries are of such a writer, which is there as long as the cluster is. */
export function isKeptWriter(node: string): boolean {
  return node.startsWith(WRITER)
}

export function createKeptEmits({ broker, logs, logOf, epoch }: KeptEmitsOptions): KeptEmits {
  /** A mark of another number of logs counts for nothing: addresses are in other logs now. */
  function read(text: string | undefined): Mark | undefined {
    const mark: Mark | undefined = text === undefined ? undefined : JSON.parse(text)
    return mark?.logs.length === logs ? mark : undefined
  }

  return {
    get isReady() {
      return broker.isConnected && epoch() !== ''
    },

    begin(text) {
      const mark = read(text)
      const writer = mark?.writer ?? `${WRITER}${randomUUID()}`
      const current = epoch()
      const isLost = mark !== undefined && mark.epoch !== current
      const numbers = Array.from({ length: logs }, (_, log) => mark?.logs[log]?.[0] ?? FIRST)
      // The places of another epoch are of other entries.
      const places = Array.from({ length: logs }, (_, log) => (isLost ? '' : (mark?.logs[log]?.[1] ?? '')))

      return {
        isNew: mark === undefined,
        isLost,

        get mark() {
          const marks: Marks = numbers.map((number, log) => [number, String(places[log])])
          return JSON.stringify({ writer, epoch: current, logs: marks } satisfies Mark)
        },

        rewind(address) {
          const log = logOf(address)
          numbers[log] = Number(numbers[log]) - 1
        },

        async append(address, emit, repeat) {
          const log = logOf(address)
          const number = Number(numbers[log]) + 1
          numbers[log] = number
          const batch = new LogBatch()
          if (emit) {
            const { encoded } = emit
            const [text, ...attachments] = encoded as [string, ...Buffer[]]
            const isRemoval = emit.retain?.isRemoval || isTooLong({ text, attachments })
            const retain = emit.retain && { ...emit.retain, isRemoval }
            const target = {
              rooms: new Set(emit.rooms),
              except: new Set(emit.except),
              flags: { ...(retain && { retain }) },
            }
            const fields = emitFields(encoded, target)
            const changes = retain && [retainedChange(address, emit.rooms[0], retain, { text, attachments })]
            batch.add(address, fields, true, changes)
          }
          const body = writeBody(current, batch.toText(), {
            again: repeat === 'delivered, and lost' ? '-' : undefined,
            since: repeat === 'perhaps delivered' ? places[log] || formatOffset(current, LOG_START, 0) : undefined,
          })
          const { retained } = batch
          const position = await broker.append(log, { node: writer, number, body, ...(retained && { retained }) })
          places[log] = formatOffset(current, position, 0)
        },
      }
    },
  }
}
