import type { Contract } from '../../definition/compile-contract.js'
import type { EmitOutbox } from '../../definition/outbox/emit-outbox.js'
import type { Write } from '../../schema/stringify.js'
import { FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN } from '../../shared/errors.js'
import { isThenable, mapError } from '../../shared/maybe-async.js'
import { suggest } from '../../shared/wording.js'
import { createEmitIn, type WriteEmit } from './emit-in.js'

/*
 * Checks emitted payloads against the contract. The check runs once, synchronously, on the node that emits: before the
 * encoder and the adapter, and not again on another node, whose schemas may be older or newer.
 */

/**
 * Returns the arguments to send.
 *
 * @param args - the arguments without the ack
 * @param contract - the contract of the namespace
 * @defaultValue contract: that of the live namespace of that name
 * @throws FST_NSP_EMIT_UNKNOWN, FST_NSP_EMIT_INVALID
 */
type CheckEmit = (namespace: string, event: string, args: unknown[], contract?: Contract) => unknown[]

/** Checks emits, and remembers the payload that the last check returned. */
export interface EmitCheck {
  readonly check: CheckEmit
  /** Runs `call`. Its first emit is not checked, because its arguments were checked before. */
  skip<Result>(call: () => Result): Result
  /**
   * Does the same for a broadcast of a payload that was checked as that of an event.
   *
   * @param writer - writes it; undefined if JSON.stringify has to
   */
  relay(payload: unknown, writer: Write | undefined, call: () => void): void
  /** The JSON of the payload that the last check returned, if its schema has a serializer; undefined for any other value. */
  textOf(payload: unknown): string | undefined
  /** Checks an emit, and writes it to the outbox. */
  readonly emitIn: WriteEmit
}

/**
 * Creates the check for the emits of all namespaces.
 *
 * @param contractOf - the contract of a live namespace, by its name
 * @param isStrict - whether an undeclared emit is an error (in development)
 * @param outbox - undefined: `emitIn` rejects
 */
export function createEmitCheck(
  contractOf: (namespace: string) => Contract | undefined,
  isStrict: boolean,
  outbox?: EmitOutbox,
): EmitCheck {
  let isSkipped = false
  let last: unknown
  let write: Write | undefined

  function skip<Result>(call: () => Result): Result {
    isSkipped = true
    try {
      return call()
    } finally {
      isSkipped = false
    }
  }

  const emitCheck: Omit<EmitCheck, 'emitIn'> = {
    check(namespace, event, args, contract = contractOf(namespace)) {
      if (isSkipped) {
        // Reset before the emit, because its listeners may emit, too.
        isSkipped = false
        return args
      }
      if (!contract?.hasEmits) return args
      const emit = contract.emits.get(event)
      if (!emit) {
        if (isStrict) throw new FST_NSP_EMIT_UNKNOWN(event, namespace, suggest(event, contract.emits.keys()))
        return args
      }
      const { checkPayload } = emit
      if (args.length > 1) refuseSurplus(namespace, event, args)
      if (!checkPayload) return args.length > 1 ? args.slice(0, 1) : args
      const checked = mapError(
        () => checkPayload(args[0]),
        (error) => {
          throw new FST_NSP_EMIT_INVALID(event, namespace, (error as Error).message)
        },
      )
      if (isThenable(checked)) {
        checked.then(undefined, () => {})
        throw new FST_NSP_EMIT_INVALID(event, namespace, 'its schema is asynchronous, and an emit cannot wait for it')
      }
      last = checked
      write = emit.write
      return [checked]
    },

    skip,

    relay(payload, writer, call) {
      last = payload
      write = writer
      skip(call)
    },

    // A check returns a copy, so the same object can only come from the last check.
    textOf: (payload) => (typeof payload === 'object' && payload === last ? write?.(payload) : undefined),
  }
  return { ...emitCheck, emitIn: createEmitIn(outbox, emitCheck) }
}

/** An emit has one argument, its payload. Trailing `undefined` does not count. */
function refuseSurplus(namespace: string, event: string, args: readonly unknown[]): void {
  const count = args.findLastIndex((value) => value !== undefined) + 1
  if (count > 1) throw new FST_NSP_EMIT_INVALID(event, namespace, `it has one argument, its payload, and got ${count}`)
}
