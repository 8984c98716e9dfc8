import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ConnectResponse } from '../engine/http/captured-response.js'
import { deriveConnect } from '../engine/http/connect-request.js'
import { abort } from '../engine/http/detached-request.js'
import { findBinary, NOT_BINARY } from '../schema/binary/binary-value.js'
import { isolate } from '../shared/async-scope.js'
import { ConnectRefusal } from '../shared/client-error.js'
import { FST_NSP_CLOSING } from '../shared/errors.js'
import { countKept, toPlain } from '../shared/json-value.js'
import { invalidConnect, refusalOf } from './connect-error.js'
import type { Attempt } from './connection-joins.js'

/*
 * Joining a namespace is a request to its connect route, which connect-route.ts has added.
 */

/**
 * Asks the connect route of an address.
 * in: the handshake's raw request and its log, the address, the client's auth, and whose it is: where that ends before, no further hook
 * begins, and nothing comes of it; out: the request that was admitted, at once where all of its hooks are synchronous.
 * throws, or rejects with, ConnectRefusal, or one of our own.
 */
export type Connect = (
  handshake: Pick<FastifyRequest, 'raw' | 'log'>,
  address: string,
  auth: object,
  attempt: Attempt,
) => FastifyRequest | PromiseLike<FastifyRequest>

export function createConnect(route: FastifyInstance['routing']): Connect {
  return (handshake, address, auth, attempt) => {
    const raw = deriveConnect(handshake.raw, address, copyAuth(auth))
    const answer = new ConnectResponse(raw)
    answer.log = handshake.log
    let outcome: FastifyRequest | Error | undefined
    answer.onEnd = () => {
      raw.refuse = undefined
      outcome = outcomeOf(answer)
    }
    raw.refuse = (error = new Error('The request was destroyed')) => answer.destroy(error)
    isolate(() => route(raw, answer))
    if (outcome instanceof Error) throw outcome
    if (outcome) return outcome
    return new Promise<FastifyRequest>((resolve, reject) => {
      attempt.cancel = () => {
        raw.refuse = undefined
        if (attempt.hasLeft) abort(raw)
        answer.abandon()
      }
      answer.onEnd = () => {
        attempt.cancel = undefined
        raw.refuse = undefined
        const end = outcomeOf(answer)
        if (end instanceof Error) reject(end)
        else resolve(end)
      }
    })
  }
}

/** A copy: schemas coerce and complete it in place. Binary data, which another `parser` may bring, reaches none of them. */
function copyAuth(auth: object): object {
  const before = countKept()
  const copy = toPlain(auth) as object
  if (countKept() === before) return copy
  throw invalidConnect('auth', [{ path: String(findBinary(copy)), message: NOT_BINARY }])
}

/** The request that was admitted, or why not; as it is when the answer ends, for a hook may go on. */
function outcomeOf(answer: ConnectResponse): FastifyRequest | Error {
  const { admitted, statusCode } = answer
  if (admitted && statusCode < 300) return admitted
  // Fastify's word to every request while it is closing, before it has begun; whatever a hook says comes after that.
  const hasBegun = answer.listenerCount('finish') > 0
  if (!hasBegun && statusCode === 503 && answer.getHeader('connection') === 'close') return new FST_NSP_CLOSING()
  return new ConnectRefusal(refusalOf(answer))
}
