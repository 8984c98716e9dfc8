import type { Server } from 'socket.io'
import type { Contract } from '../../definition/compile-contract.js'
import { RESERVED_EVENTS } from '../../definition/normalize/reserved-events.js'
import type { OutboxDelivery, OutboxEmit, OutboxRepeat, OutboxTurn } from '../../definition/outbox/emit-outbox.js'
import type { EmitOperator } from '../../events/emits/audience.js'
import type { EmitCheck } from '../../events/emits/check-emit.js'
import type { Registry } from '../../joining/namespaces/registry.js'
import type { RetainedMark } from '../../shared/retained-emits.js'
import { encodeAsText, encodeEmit } from '../../wire/encode-emit.js'
import { PacketType } from '../../wire/socket-io-packages.js'
import type { ColdOperator } from '../nodes/cold-operator.js'
import type { RetainedPlaces } from '../retained/retained-places.js'

/*
 * Delivers the emits of an outbox: by the logs of the plugin's own adapter, or as any emit.
 */

/** The turns of the plugin's own adapter. */
interface KeptLogs {
  readonly isReady: boolean
  begin(mark: string | undefined): Omit<OutboxTurn, 'deliver'> & {
    append(address: string, emit: LogEmit | undefined, repeat: OutboxRepeat): Promise<void>
  }
}

interface LogEmit extends Pick<OutboxEmit, 'rooms' | 'except'> {
  readonly retain: RetainedMark | undefined
  readonly encoded: readonly (string | Buffer)[]
}

export interface OutboxDeliveryOptions {
  readonly io: Server
  readonly registry: Pick<Registry, 'find'>
  readonly contractOf: (address: string) => Contract | undefined
  readonly coldOperator: ColdOperator
  readonly emitCheck: EmitCheck
  readonly retained: Pick<RetainedPlaces, 'mark'>
  /** Undefined without an adapter, and with one of Socket.IO. */
  readonly kept: KeptLogs | undefined
}

export function createOutboxDelivery(options: OutboxDeliveryOptions): OutboxDelivery {
  const { io, registry, contractOf, coldOperator, emitCheck, retained, kept } = options

  /** The arguments to send. Throws what is wrong with the emit: another language may have written it. */
  function check({ address, event, payload, rooms, except, isChecked }: OutboxEmit): unknown[] {
    if (!registry.find(address) && !io._nsps.has(address)) throw new Error('no definition has this address')
    if (RESERVED_EVENTS.includes(event)) throw new Error('the name of the event can not be emitted')
    if ([...rooms, ...except].some((room) => typeof room !== 'string')) throw new Error('a room is NULL')
    const args = payload === undefined ? [] : [JSON.parse(payload)]
    return isChecked ? args : emitCheck.check(address, event, args, contractOf(address))
  }

  function emit({ address, event, rooms, except }: OutboxEmit, args: readonly unknown[]): void {
    const live = io._nsps.get(address)?.except([]) as unknown as EmitOperator | undefined
    const operator = live ?? coldOperator(address, () => contractOf(address))
    emitCheck.skip(() =>
      operator
        .to([...rooms])
        .except([...except])
        .emit(event, ...args),
    )
  }

  /** Without a log, an emit is delivered at once, and never again. */
  const emitting: OutboxTurn = {
    isNew: false,
    isLost: false,
    mark: undefined,
    rewind() {},
    async deliver(each) {
      try {
        emit(each, check(each))
        return undefined
      } catch (error) {
        return problemOf(error)
      }
    },
  }

  function appending({ begin }: KeptLogs, mark: string | undefined): OutboxTurn {
    const turn = begin(mark)
    return {
      isNew: turn.isNew,
      isLost: turn.isLost,
      get mark() {
        return turn.mark
      },
      rewind: turn.rewind,
      async deliver(each, repeat) {
        const { address, event, rooms, except } = each
        let found: LogEmit | undefined
        let problem: string | undefined
        try {
          const data = [event, ...check(each)]
          const retain = retained.mark(address, data, rooms)
          const packet = { type: PacketType.EVENT, nsp: address, data }
          found = { encoded: encodeEmit(packet, encodeAsText) as (string | Buffer)[], rooms, except, retain }
        } catch (error) {
          problem = problemOf(error)
        }
        await turn.append(address, found, repeat)
        return problem
      },
    }
  }

  return {
    get isReady() {
      return kept?.isReady ?? true
    },
    begin: (mark) => (kept ? appending(kept, mark) : emitting),
  }
}

/** Without the payload: a message of a schema has none. */
function problemOf(error: unknown): string {
  return String(Object(error).message)
}
