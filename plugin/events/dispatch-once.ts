import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { AckEnvelope } from '../definition/namespace-definition.js'
import { isRefusal, toWireError } from '../shared/client-error.js'
import {
  FST_NSP_KEY_INVALID,
  FST_NSP_KEYS_LIMIT,
  FST_NSP_REPLY_INVALID,
  FST_NSP_STORE_FAILED,
} from '../shared/errors.js'
import { isThenable } from '../shared/maybe-async.js'
import type { EventLife } from './event-context.js'
import { decodeAck, encodeAck } from './kept-ack.js'

/*
 * An event with a key is handled once: it claims its key before its handler is called, and what comes of it is kept under
 * the key, or the claim is released.
 */

/** The ack of an earlier event with that key; or the token of a claim. Neither: the event has no key. */
interface Claimed {
  readonly known?: AckEnvelope
  readonly token?: string
}

/** The keys of one kind of event. */
export interface Keys {
  /** rejects with FST_NSP_KEY_INVALID, FST_NSP_KEYS_LIMIT, FST_NSP_STORE_FAILED, or with a refusal that `key` has thrown. */
  claim(life: EventLife): Promise<Claimed>
  /** Keeps an ack under a claimed key. */
  keep(token: string, envelope: AckEnvelope): Promise<void>
  release(token: string): Promise<void>
}

/** What is told where a handler has returned what can't be sent. */
export const UNSENDABLE: AckEnvelope = { ok: false, error: toWireError(new FST_NSP_REPLY_INVALID()) }

export function createKeys({ name, idempotency }: CompiledEvent, instance: FastifyInstance): Keys | undefined {
  if (!idempotency) return undefined
  const { key: keyOf, ttlMs, store } = idempotency

  function readKey(life: EventLife): string | undefined {
    let key: unknown
    try {
      key = keyOf.call(instance, life.event.payload, life)
    } catch (error) {
      // As a hook's.
      if (isRefusal(error)) throw error
      throw Object.assign(new FST_NSP_KEY_INVALID(name, 'could not be made'), { cause: error })
    }
    if (key === undefined || typeof key === 'string') return key
    // It may reject: nobody waits for it.
    if (isThenable(key)) key.then(undefined, () => {})
    const got = isThenable(key) ? 'a promise' : typeof key
    throw new FST_NSP_KEY_INVALID(name, `must be a string, or undefined for none: got ${got}`)
  }

  return {
    async claim(life) {
      const key = readKey(life)
      if (key === undefined) return {}
      try {
        const claim = await store.claim(JSON.stringify([life.namespace.name, name, key]), {
          ttlMs,
          signal: life.signal,
        })
        if ('ack' in claim) return { known: decodeAck(claim.ack) }
        if (typeof claim.token !== 'string') throw new TypeError('It has given neither token nor ack')
        return claim
      } catch (cause) {
        if (cause instanceof FST_NSP_KEYS_LIMIT) throw cause
        throw Object.assign(new FST_NSP_STORE_FAILED(name), { cause })
      }
    },

    async keep(token, envelope) {
      // The handler has done what it does: an ack that can't be kept does not let it do so again, for the claim is held on to.
      await store.settle(token, await encodeAck(envelope).catch(() => JSON.stringify(UNSENDABLE)))
    },

    release: async (token) => store.release(token),
  }
}
