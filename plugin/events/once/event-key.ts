import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../../definition/compile-contract.js'
import { isRefusal } from '../../shared/client-error.js'
import { FST_NSP_KEY_INVALID } from '../../shared/errors/idempotency-errors.js'
import { isThenable } from '../../shared/maybe-async.js'
import type { EventRun } from '../event-run.js'

/*
 * The key under which a store keeps the ack of an event.
 */

type Idempotency = NonNullable<CompiledEvent['idempotency']>

/**
 * @returns a function that returns the key; undefined for an event without one. With a transaction, such an event has a key of its own.
 * It throws FST_NSP_KEY_INVALID, or the 4xx error that `key` threw.
 */
export function createKeyReader(
  name: string,
  { key: keyOf, transaction }: Idempotency,
  instance: FastifyInstance,
): (run: EventRun) => string | undefined {
  function call({ context }: EventRun): unknown {
    try {
      return keyOf.call(instance, context.event.payload, context)
    } catch (error) {
      // A 4xx error is sent to the client, as that of a hook is.
      if (isRefusal(error)) throw error
      throw Object.assign(new FST_NSP_KEY_INVALID(name, 'could not be made'), { cause: error })
    }
  }

  return (run) => {
    const { context, connection } = run
    let key = call(run)
    if (key === undefined && transaction) key = randomUUID()
    if (key === undefined) return undefined
    if (typeof key === 'string') {
      const { userId } = connection
      return JSON.stringify([context.namespace.name, name, key, ...(userId === undefined ? [] : [userId])])
    }
    // Nothing awaits the promise: without a handler its rejection would end the process.
    if (isThenable(key)) key.then(undefined, () => {})
    const got = isThenable(key) ? 'a promise' : typeof key
    throw new FST_NSP_KEY_INVALID(name, `must be a string, or undefined for none: got ${got}`)
  }
}
