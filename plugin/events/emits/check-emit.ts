import type { Contract } from '../../definition/compile-contract.js'
import type { Write } from '../../schema/stringify.js'
import { FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN } from '../../shared/errors.js'
import { isThenable, mapError } from '../../shared/maybe-async.js'
import { suggest } from '../../shared/wording.js'

/*
 * The check of what is emitted. It runs once, synchronously, where the application emits: before the encoder, before an
 * adapter, and never again on another node, whose schemas may be older or newer.
 */

/**
 * Gives the arguments of an event, its ack left out, as they are to be sent.
 * `contract`: that of the namespace. Default: the one of the live namespace of that name.
 * throws FST_NSP_EMIT_UNKNOWN, FST_NSP_EMIT_INVALID.
 */
type CheckEmit = (namespace: string, event: string, args: unknown[], contract?: Contract) => unknown[]

/** Checks emits, and remembers the last payload that it has given. */
export interface EmitCheck {
  readonly check: CheckEmit
  /** Runs `call`, whose one emit carries what was checked before: the check lets it pass as it is, once. */
  skip<Result>(call: () => Result): Result
  /** The JSON of the payload that the last check gave, if its schema has a writer; undefined for any other value. */
  textOf(payload: unknown): string | undefined
}

/**
 * Makes the check of the emits of all namespaces.
 * in: the contract of a live namespace, by its name, and whether an undeclared emit is an error (in development).
 */
export function createEmitCheck(contractOf: (namespace: string) => Contract | undefined, isStrict: boolean): EmitCheck {
  let isSkipped = false
  let last: unknown
  let write: Write | undefined

  return {
    check(namespace, event, args, contract = contractOf(namespace)) {
      if (isSkipped) {
        // What listeners emit meanwhile is something else.
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
        throw new FST_NSP_EMIT_INVALID(event, namespace, 'it is asynchronous, and an emit can not wait')
      }
      last = checked
      write = emit.write
      return [checked]
    },

    skip(call) {
      isSkipped = true
      try {
        return call()
      } finally {
        isSkipped = false
      }
    },

    // A check gives a copy that nobody else has, so an object that is the same was given by the last check.
    textOf: (payload) => (typeof payload === 'object' && payload === last ? write?.(payload) : undefined),
  }
}

/** An emit has a payload and nothing else, as an event has. `undefined` is nothing. */
function refuseSurplus(namespace: string, event: string, args: readonly unknown[]): void {
  const count = args.findLastIndex((value) => value !== undefined) + 1
  if (count > 1) throw new FST_NSP_EMIT_INVALID(event, namespace, `it has one argument, its payload, and got ${count}`)
}
