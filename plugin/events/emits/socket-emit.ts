import type { FastifyBaseLogger } from 'fastify'
import type { DefaultEventsMap, Socket } from 'socket.io'
import type { Contract } from '../../definition/compile-contract.js'
import type { SocketEmit } from '../../definition/emit-types.js'
import { logError } from '../../shared/log/error-log.js'
import { contain } from '../../shared/maybe-async.js'
import { screenAnswers } from './ask.js'

/*
 * `emit` of a context: a function with the modifiers of Socket.IO, `volatile`, `compress` and `timeout`.
 */

/**
 * Creates `emit` of a context.
 *
 * @param socketOf - returns the socket with the flags of the next emit set
 */
export function createSocketEmit(
  socketOf: () => Socket,
  contract: Contract,
  log: () => FastifyBaseLogger,
): SocketEmit<DefaultEventsMap> {
  const again = (next: (socket: Socket) => Socket) => createSocketEmit(() => next(socketOf()), contract, log)

  function emitTimed(ms: number, event: string, ...args: unknown[]): boolean {
    const ack = args.pop() as (error: Error | null, answer?: unknown) => void
    const check = contract.emits.get(event)?.checkReply
    const report = (error: unknown) => logError(log(), error, { emit: event }, 'the callback of an emit failed')
    return socketOf()
      .timeout(ms)
      .emit(event, ...args, (failure: Error | null, given: unknown) => {
        void screenAnswers(check, event, failure, failure ? [] : [given]).then(({ error, answers: [answer] }) =>
          contain(() => (error ? ack(error) : ack(null, answer)), report),
        )
      })
  }

  const emit = (event: string, ...args: unknown[]) => socketOf().emit(event, ...args)
  const modifiers = {
    get volatile() {
      return again((socket) => socket.volatile)
    },
    compress: (isCompressed: boolean) => again((socket) => socket.compress(isCompressed)),
    timeout:
      (ms: number) =>
      (event: string, ...args: unknown[]) =>
        emitTimed(ms, event, ...args),
  }
  return Object.defineProperties(emit, Object.getOwnPropertyDescriptors(modifiers)) as SocketEmit<DefaultEventsMap>
}
