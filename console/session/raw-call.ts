import { type ClientReason, clientError, errorOfAck, refusalOf } from '../../plugin/client/call-error.js'
import { emitNow, forgetAcks, nextAckOf } from '../../plugin/client/calls/emit-now.js'
import { followUse } from '../../plugin/client/calls/follow-use.js'
import { startTimer } from '../../plugin/client/timer.js'
import { unsentError } from './error-description.js'
import type { JoinedLane } from './joined-lane.js'
import type { CallResult, SendOptions } from './session-types.js'

/**
 * Sends an event with any arguments, and waits for its ack: of a namespace that is being joined, until it is joined. A lost
 * connection ends it at once.
 *
 * @returns never rejects
 */
export function callRaw(
  { use: { socket, state }, tellAck, tell }: Pick<JoinedLane, 'use' | 'tellAck' | 'tell'>,
  event: string,
  args: readonly unknown[],
  { timeoutMs = 10_000, signal }: SendOptions,
): Promise<CallResult> {
  const started = performance.now()
  let isSent = false
  let isEnded = false
  let ack = -1
  let timer: ReturnType<typeof setTimeout> | undefined
  let unfollow = () => {}

  return new Promise((resolve) => {
    function end(result: Omit<CallResult, 'ms'>): void {
      if (isEnded) return
      isEnded = true
      unfollow()
      clearTimeout(timer)
      forgetAcks(socket, ack)
      const ms = performance.now() - started
      if (result.acks) tellAck(event, result.acks, ms, result.error)
      else tell('No ack', event, result.error)
      resolve({ ...result, ms })
    }

    function giveUp(reason: ClientReason, cause?: unknown): void {
      end({ error: clientError(reason, cause, event, isSent) })
    }

    function transmit(): void {
      ack = nextAckOf(socket)
      try {
        isSent = emitNow(socket, event, ...args, (...acks: unknown[]) => {
          const error = errorOfAck(acks[0], event)
          end({ acks, ...(error && { error }) })
        })
        if (!isSent) giveUp('OFFLINE')
      } catch (error) {
        end({ error: unsentError(error, event) })
      }
    }

    function wait(): void {
      if (state.getSnapshot().status !== 'joining') giveUp('OFFLINE')
    }

    if (timeoutMs > 0) timer = startTimer(() => giveUp('TIMEOUT'), timeoutMs)
    unfollow = followUse(
      state,
      signal,
      transmit,
      wait,
      (error) => end({ error: refusalOf(error, event, isSent) }),
      giveUp,
    )
    if (isEnded) unfollow()
  })
}
