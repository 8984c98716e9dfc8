import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { AckEnvelope } from '../definition/contract/ack-envelope.js'
import { isRefusal, toWireError } from '../shared/client-error.js'
import {
  FST_NSP_KEY_INVALID,
  FST_NSP_KEYS_LIMIT,
  FST_NSP_REPLY_INVALID,
  FST_NSP_STORE_FAILED,
} from '../shared/errors.js'
import { isThenable } from '../shared/maybe-async.js'
import type { RunContext } from './event-context.js'
import { decodeAck, encodeAck } from './kept-ack.js'

/*
 * Idempotency of an event: it claims its key before its handler is called, and afterwards keeps its ack under the key or
 * releases the claim.
 */

/** The ack of an earlier event with the same key, or the token of a new claim. An event without a key has neither. */
interface KeyClaim {
  readonly known?: AckEnvelope
  readonly token?: string
}

/** The keys of one declared event. */
export interface IdempotencyKeys {
  /** @throws FST_NSP_KEY_INVALID, FST_NSP_KEYS_LIMIT, FST_NSP_STORE_FAILED, or the 4xx error that `key` threw */
  claim(context: RunContext): Promise<KeyClaim>
  /** Keeps an ack under a claimed key. */
  keep(token: string, envelope: AckEnvelope): Promise<void>
  release(token: string): Promise<void>
}

/** The ack of an event whose handler has returned a value that can't be sent. */
export const UNSENDABLE: AckEnvelope = { ok: false, error: toWireError(new FST_NSP_REPLY_INVALID()) }

export function createKeys(
  { name, idempotency }: CompiledEvent,
  instance: FastifyInstance,
): IdempotencyKeys | undefined {
  if (!idempotency) return undefined
  const { key: keyOf, ttlMs, store } = idempotency

  function readKey(context: RunContext): string | undefined {
    let key: unknown
    try {
      key = keyOf.call(instance, context.event.payload, context)
    } catch (error) {
      // A 4xx error is sent to the client, as that of a hook is.
      if (isRefusal(error)) throw error
      throw Object.assign(new FST_NSP_KEY_INVALID(name, 'could not be made'), { cause: error })
    }
    if (key === undefined || typeof key === 'string') return key
    // Nothing awaits the promise: without a handler its rejection would end the process.
    if (isThenable(key)) key.then(undefined, () => {})
    const got = isThenable(key) ? 'a promise' : typeof key
    throw new FST_NSP_KEY_INVALID(name, `must be a string, or undefined for none: got ${got}`)
  }

  return {
    async claim(context) {
      const key = readKey(context)
      if (key === undefined) return {}
      try {
        const claim = await store.claim(JSON.stringify([context.namespace.name, name, key]), {
          ttlMs,
          signal: context.signal,
        })
        if ('ack' in claim) return { known: decodeAck(claim.ack) }
        if (typeof claim.token !== 'string') throw new TypeError('claim() resolved to neither a token nor an ack')
        return claim
      } catch (cause) {
        if (cause instanceof FST_NSP_KEYS_LIMIT) throw cause
        throw Object.assign(new FST_NSP_STORE_FAILED(name), { cause })
      }
    },

    async keep(token, envelope) {
      // The handler has run. If its ack can't be encoded, another ack is kept, so that a retry does not run the handler again.
      await store.settle(token, await encodeAck(envelope).catch(() => JSON.stringify(UNSENDABLE)))
    },

    release: async (token) => store.release(token),
  }
}
