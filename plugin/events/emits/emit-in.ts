import type { Contract } from '../../definition/compile-contract.js'
import { RESERVED_EVENTS } from '../../definition/normalize/reserved-events.js'
import type { EmitOutbox, OutboxClient } from '../../definition/outbox/emit-outbox.js'
import { FST_NSP_OUTBOX_INVALID, FST_NSP_OUTBOX_MISSING } from '../../shared/errors/outbox-errors.js'
import { countKept, toSendable } from '../../shared/json-value.js'
import { encodeEmit } from '../../wire/encode-emit.js'
import { PacketType } from '../../wire/socket-io-packages.js'
import type { EmitRecord } from './emit-record.js'

/*
 * Emits in a transaction of the application: checked at the line that emits, and written to the outbox.
 */

/** What PostgreSQL has no character for: the escape of NUL, and of one half of a pair, as JSON.stringify writes them. */
const UNWRITABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

/** Writes an emit with the client of a transaction. */
export type WriteEmit = (
  client: OutboxClient,
  target: { readonly address: string; readonly contract: () => Contract | undefined },
  record: EmitRecord,
  event: string,
  args: unknown[],
) => Promise<void>

/** See EmitCheck. */
interface OutgoingCheck {
  check(address: string, event: string, args: unknown[], contract: Contract | undefined): unknown[]
  textOf(payload: unknown): string | undefined
}

export function createEmitIn(outbox: EmitOutbox | undefined, { check, textOf }: OutgoingCheck): WriteEmit {
  return async (client, { address, contract }, { rooms, excepted, modifiers }, event, args) => {
    const refuse = (problem: string): never => {
      throw new FST_NSP_OUTBOX_INVALID(String(event), address, problem)
    }
    if (!outbox) throw new FST_NSP_OUTBOX_MISSING()
    if (typeof event !== 'string' || event === '' || RESERVED_EVENTS.includes(event))
      refuse('its name can not be emitted')
    if (modifiers.length > 0) refuse(`it has no ${modifiers.join(' and ')}`)
    for (const room of [...rooms, ...excepted]) if (typeof room !== 'string') refuse('the name of a room is a string')
    if (args.length > 1) refuse('it has one argument, its payload')
    const [payload] = check(address, event, args, contract())
    const text = encodeEmit({ type: PacketType.EVENT, nsp: address, data: [event, payload] }, () => {
      const count = countKept()
      const plain = toSendable(payload)
      return countKept() > count ? undefined : (textOf(payload) ?? JSON.stringify(plain) ?? '')
    })
    if (text === undefined) return refuse('it has binary data')
    if (UNWRITABLE.test(text + JSON.stringify([event, ...rooms, ...excepted])))
      refuse('it has a character that PostgreSQL can not keep: \\u0000, or one half of a pair')
    const emit = { address, event, payload: text || undefined, rooms, except: excepted, isChecked: true }
    const { text: statement, values } = outbox.statementOf(emit)
    await client.query(statement, values)
  }
}
