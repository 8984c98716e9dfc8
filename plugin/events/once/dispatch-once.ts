import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../../definition/compile-contract.js'
import type { AckEnvelope } from '../../definition/contract/ack-envelope.js'
import type { Claim, ClaimTransaction, IdempotencyStore } from '../../definition/idempotency.js'
import { toWireError } from '../../shared/client-error.js'
import { FST_NSP_ACK_TOO_LARGE, FST_NSP_KEY_REUSED } from '../../shared/errors/idempotency-errors.js'
import { FST_NSP_REPLY_INVALID } from '../../shared/errors.js'
import { withTimeout } from '../../shared/timeout.js'
import type { EventRun } from '../event-run.js'
import { ClaimRenewal } from './claim-renewal.js'
import { createKeyReader } from './event-key.js'
import { decodeAck, encodeAck } from './kept-ack.js'
import { fingerprintOf } from './payload-fingerprint.js'
import { toStoreFailure } from './store-failure.js'

/*
 * Idempotency of an event: it claims its key before its handler is called. Before its ack goes out, the ack is kept under the key, or
 * the claim is released.
 */

/** The keys of one declared event. */
export interface IdempotencyKeys {
  /** Reads the payload as the client has sent it. */
  identify(run: EventRun): void
  /**
   * Gives an event the ack of an earlier event with the same key, or a claim, and the claim its transaction. An event without a key gets
   * neither; one with a transaction has a key of its own then.
   *
   * @throws (rejects) FST_NSP_KEY_INVALID, FST_NSP_KEY_REUSED, FST_NSP_KEYS_LIMIT, FST_NSP_STORE_FAILED, or the 4xx error that `key` threw
   */
  claim(run: EventRun): Promise<void>
  /**
   * Keeps an ack under the claimed key: in its transaction, if the handler has not failed. The claim ends.
   *
   * @returns the ack to send: another one, if another event has taken the key over and has kept its own
   * @throws (rejects) FST_NSP_STORE_FAILED, FST_NSP_KEY_REUSED
   */
  keep(run: EventRun, envelope: AckEnvelope): Promise<AckEnvelope>
  /** Begins to roll the transaction of an event back that has failed. */
  undo(run: EventRun): void
  /** Gives the claim up, and rolls its transaction back. Never rejects. */
  release(run: EventRun): Promise<void>
}

const failure = (error: Error): AckEnvelope => ({ ok: false, error: toWireError(error) })

/** The ack of an event whose handler has returned a value that can't be sent. */
export const UNSENDABLE = failure(new FST_NSP_REPLY_INVALID())
const TOO_LARGE = failure(new FST_NSP_ACK_TOO_LARGE())

export function createKeys(
  { name, idempotency }: CompiledEvent,
  instance: FastifyInstance,
  statementMs: number,
): IdempotencyKeys | undefined {
  if (!idempotency) return undefined
  const { ttlMs, leaseMs, store, transaction: hasTransaction } = idempotency
  const { maxAckBytes = Number.POSITIVE_INFINITY } = store
  const renewal = new ClaimRenewal(store, leaseMs)
  const readKey = createKeyReader(name, idempotency, instance)

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

  async function begin(run: EventRun): Promise<void> {
    // Checked when the event was declared.
    const { begin } = store as Required<IdempotencyStore>
    run.transaction = await begin.call(store, String(run.token), { leaseMs, statementMs })
    run.context.sql = run.transaction.sql
  }

  /** If its ack can't be encoded or is too long, another ack is kept, so that a retry does not run the handler again. */
  async function textOf(run: EventRun, envelope: AckEnvelope): Promise<string> {
    const text = await encodeAck(envelope).catch(() => {
      // What the handler has done can still be undone.
      if (envelope.ok && run.transaction) throw new FST_NSP_REPLY_INVALID()
      return JSON.stringify(UNSENDABLE)
    })
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

  /** Settles a claim, or commits its transaction. Late, it may still succeed. */
  async function settle(token: string, call: () => Promise<void>): Promise<void> {
    const settled = (async () => call())()
    const late = () => new Error(`settle() has not answered within leaseMs (${leaseMs} ms)`)
    await withTimeout(settled, leaseMs, late).finally(() => renewal.end(token))
  }

  async function keepText(run: EventRun, token: string, text: string): Promise<void> {
    await settle(token, () => store.settle(token, text)).catch(async (error) => {
      if (!isLoss(error)) throw error
      // The handler has run: without another claim of the key, its ack is kept all the same.
      const other = await claimAgain(run, 'its handler may have run twice')
      if (other !== undefined) await settle(other, () => store.settle(other, text))
    })
  }

  async function commit(run: EventRun, transaction: ClaimTransaction, token: string, envelope: AckEnvelope) {
    await settle(token, async () => transaction.commit(await textOf(run, envelope))).catch(async (error) => {
      await transaction.rollback()
      // A claim that is not lost keeps its ack, if it was committed all the same.
      const held = isLoss(error) ? await claimAgain(run, 'what its handler has written is rolled back') : token
      if (held === undefined) return
      await giveUp(run, held)
      throw error
    })
  }

  /** A claim is lost: another event may have kept an ack. Otherwise there is another claim. */
  async function claimAgain(run: EventRun, what: string): Promise<string | undefined> {
    const fields = { event: name, code: 'FST_NSP_CLAIM_LOST' }
    run.log.write('warn', fields, `the lease of the key has ended: ${what}`)
    await claimKey(run)
    return run.token === undefined ? undefined : take(run)
  }

  async function giveUp(run: EventRun, token: string): Promise<void> {
    renewal.end(token)
    try {
      await store.release(token)
    } catch (cause) {
      const err = toStoreFailure(name, cause)
      run.log.write('error', { err, code: 'FST_NSP_STORE_FAILED', event: name }, 'key could not be released')
    }
  }

  return {
    identify(run) {
      run.fingerprint = fingerprintOf(run.context.event.payload)
    },

    async claim(run) {
      run.key = readKey(run)
      if (run.key === undefined) return
      try {
        await claimKey(run)
        if (hasTransaction && run.token !== undefined) await begin(run)
      } catch (error) {
        throw toStoreFailure(name, error)
      }
    },

    async keep(run, envelope) {
      const token = take(run)
      const { transaction } = run
      try {
        if (transaction && envelope.ok) await commit(run, transaction, token, envelope)
        else {
          await transaction?.rollback()
          await keepText(run, token, await textOf(run, envelope))
        }
      } catch (error) {
        throw toStoreFailure(name, error)
      }
      return run.known ?? envelope
    },

    undo(run) {
      if (!run.transaction || run.token === undefined) return
      run.isUndone = true
      void run.transaction.rollback()
    },

    async release(run) {
      const token = take(run)
      await run.transaction?.rollback()
      await giveUp(run, token)
    },
  }
}

function isLoss(error: unknown): boolean {
  return Object(error).code === 'FST_NSP_CLAIM_LOST'
}
