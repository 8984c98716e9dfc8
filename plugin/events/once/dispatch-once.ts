import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../../definition/compile-contract.js'
import type { AckEnvelope } from '../../definition/contract/ack-envelope.js'
import type { Claim } from '../../definition/idempotency.js'
import { isRefusal, toWireError } from '../../shared/client-error.js'
import {
  FST_NSP_ACK_TOO_LARGE,
  FST_NSP_KEY_INVALID,
  FST_NSP_KEY_REUSED,
  FST_NSP_KEYS_LIMIT,
  FST_NSP_STORE_FAILED,
} from '../../shared/errors/idempotency-errors.js'
import { FST_NSP_REPLY_INVALID } from '../../shared/errors.js'
import { isThenable } from '../../shared/maybe-async.js'
import { withTimeout } from '../../shared/timeout.js'
import type { EventRun } from '../event-run.js'
import { ClaimRenewal } from './claim-renewal.js'
import { decodeAck, encodeAck } from './kept-ack.js'
import { fingerprintOf } from './payload-fingerprint.js'

/*
 * Idempotency of an event: it claims its key before its handler is called. Before its ack goes out, the ack is kept under the key, or
 * the claim is released.
 */

/** The keys of one declared event. */
export interface IdempotencyKeys {
  /** Reads the payload as the client has sent it. */
  identify(run: EventRun): void
  /**
   * Gives an event the ack of an earlier event with the same key, or a claim. An event without a key gets neither.
   *
   * @throws (rejects) FST_NSP_KEY_INVALID, FST_NSP_KEY_REUSED, FST_NSP_KEYS_LIMIT, FST_NSP_STORE_FAILED, or the 4xx error that `key` threw
   */
  claim(run: EventRun): Promise<void>
  /**
   * Keeps an ack under the claimed key. The claim ends.
   *
   * @returns the ack to send: another one, if another event has taken the key over and has kept its own
   * @throws (rejects) FST_NSP_STORE_FAILED, FST_NSP_KEY_REUSED
   */
  keep(run: EventRun, envelope: AckEnvelope): Promise<AckEnvelope>
  /** Gives the claim up. Never rejects. */
  release(run: EventRun): Promise<void>
}

const failure = (error: Error): AckEnvelope => ({ ok: false, error: toWireError(error) })

/** The ack of an event whose handler has returned a value that can't be sent. */
export const UNSENDABLE = failure(new FST_NSP_REPLY_INVALID())
const TOO_LARGE = failure(new FST_NSP_ACK_TOO_LARGE())

export function createKeys(
  { name, idempotency }: CompiledEvent,
  instance: FastifyInstance,
): IdempotencyKeys | undefined {
  if (!idempotency) return undefined
  const { key: keyOf, ttlMs, leaseMs, store } = idempotency
  const { maxAckBytes = Number.POSITIVE_INFINITY } = store
  const renewal = new ClaimRenewal(store, leaseMs)

  function readKey({ context, connection }: EventRun): string | undefined {
    let key: unknown
    try {
      key = keyOf.call(instance, context.event.payload, context)
    } catch (error) {
      // A 4xx error is sent to the client, as that of a hook is.
      if (isRefusal(error)) throw error
      throw Object.assign(new FST_NSP_KEY_INVALID(name, 'could not be made'), { cause: error })
    }
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

  /** Asks the store. */
  async function claimKey(run: EventRun): Promise<void> {
    const { key, fingerprint, context } = run
    const claim: Claim = await store.claim(String(key), { leaseMs, ttlMs, fingerprint, signal: context.signal })
    if (claim === 'mismatch') throw new FST_NSP_KEY_REUSED()
    if ('ack' in claim) run.known = decodeAck(claim.ack)
    else if (typeof claim.token !== 'string') throw new TypeError('claim() resolved to neither a token nor an ack')
    else {
      // Also if the event has ended meanwhile: then the claim is released.
      run.token = claim.token
      renewal.begin(claim.token)
    }
  }

  function toStoreFailure(cause: unknown): Error {
    if (cause instanceof FST_NSP_KEYS_LIMIT || cause instanceof FST_NSP_KEY_REUSED) return cause
    return Object.assign(new FST_NSP_STORE_FAILED(name), { cause })
  }

  /** If its ack can't be encoded or is too long, another ack is kept, so that a retry does not run the handler again. */
  async function textOf(run: EventRun, envelope: AckEnvelope): Promise<string> {
    const text = await encodeAck(envelope).catch(() => JSON.stringify(UNSENDABLE))
    const bytes = Buffer.byteLength(text)
    if (bytes <= maxAckBytes) return text
    const fields = { event: name, code: 'FST_NSP_ACK_TOO_LARGE', bytes, maxAckBytes }
    run.log.write('warn', fields, 'ack too large to be kept')
    return JSON.stringify(TOO_LARGE)
  }

  /** Takes the claim of an event: whoever has it ends it. */
  function take(run: EventRun): string {
    const token = String(run.token)
    run.token = undefined
    return token
  }

  async function settle(token: string, text: string): Promise<void> {
    const settled = (async () => store.settle(token, text))()
    const late = () => new Error(`settle() has not answered within leaseMs (${leaseMs} ms)`)
    await withTimeout(settled, leaseMs, late).finally(() => renewal.end(token))
  }

  /** The handler has run, and its claim is lost: without another claim of the key, the ack is kept all the same. */
  async function keepAgain(run: EventRun, text: string): Promise<void> {
    const fields = { event: name, code: 'FST_NSP_CLAIM_LOST' }
    run.log.write('warn', fields, 'the lease of the key has ended: its handler may have run twice')
    await claimKey(run)
    if (run.token !== undefined) await settle(take(run), text)
  }

  return {
    identify(run) {
      run.fingerprint = fingerprintOf(run.context.event.payload)
    },

    async claim(run) {
      run.key = readKey(run)
      if (run.key === undefined) return
      await claimKey(run).catch((error) => {
        throw toStoreFailure(error)
      })
    },

    async keep(run, envelope) {
      const token = take(run)
      const text = await textOf(run, envelope)
      try {
        await settle(token, text).catch((error) => {
          if (Object(error).code !== 'FST_NSP_CLAIM_LOST') throw error
          return keepAgain(run, text)
        })
      } catch (error) {
        throw toStoreFailure(error)
      }
      return run.known ?? envelope
    },

    async release(run) {
      const token = take(run)
      renewal.end(token)
      try {
        await store.release(token)
      } catch (cause) {
        const err = toStoreFailure(cause)
        run.log.write('error', { err, code: 'FST_NSP_STORE_FAILED', event: name }, 'key could not be released')
      }
    },
  }
}
