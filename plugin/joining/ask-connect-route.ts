import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ConnectResponse } from '../engine/http/captured-response.js'
import { abort } from '../engine/http/detached-request.js'
import { deriveConnect } from '../engine/http/raw-connect.js'
import { findBinary, NOT_BINARY } from '../schema/binary/binary-value.js'
import { isolate } from '../shared/async-scope.js'
import { ConnectRefusal } from '../shared/client-error.js'
import { FST_NSP_CLOSING } from '../shared/errors.js'
import { countKept, toPlain } from '../shared/json-value.js'
import { invalidConnect, refusalOf } from './connect-error.js'
import type { Attempt } from './connection-joins.js'

/*
 * Joins a namespace: sends a request for its address through the connect route, inside Fastify and without a port.
 */

/**
 * Requests the connect route of an address.
 *
 * @param handshake - the raw request of the handshake, and its log
 * @param address - the address of the namespace
 * @param auth - what the client sent as `auth`
 * @param attempt - the join; when it ends early, no further hook starts and the result is dropped
 * @returns the admitted request, synchronously where all hooks are synchronous
 * @throws ConnectRefusal, or an error of this plugin; on the asynchronous path the promise rejects with it
 */
export type Connect = (
  handshake: Pick<FastifyRequest, 'raw' | 'log'>,
  address: string,
  auth: object,
  attempt: Attempt,
) => FastifyRequest | PromiseLike<FastifyRequest>

/** @param isDetached - whether the raw requests have no stream until somebody reads one */
export function createConnect(route: FastifyInstance['routing'], isDetached: boolean): Connect {
  return (handshake, address, auth, attempt) => {
    const raw = deriveConnect(handshake.raw, address, copyAuth(auth), isDetached)
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

/** Copies `auth`, as schemas coerce and complete it in place. A custom `parser` may bring binary data: that is refused here. */
function copyAuth(auth: object): object {
  const before = countKept()
  const copy = toPlain(auth) as object
  if (countKept() === before) return copy
  throw invalidConnect('auth', [{ path: String(findBinary(copy)), message: NOT_BINARY }])
}

/** The admitted request, or the error. Read when the response ends, as a hook may still be running. */
function outcomeOf(answer: ConnectResponse): FastifyRequest | Error {
  const { admitted, statusCode } = answer
  if (admitted && statusCode < 300) return admitted
  // Fastify answers 503 to every request that begins while it is closing, before any hook runs.
  const hasBegun = answer.listenerCount('finish') > 0
  if (!hasBegun && statusCode === 503 && answer.getHeader('connection') === 'close') return new FST_NSP_CLOSING()
  return new ConnectRefusal(refusalOf(answer))
}
