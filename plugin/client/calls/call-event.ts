import { type ClientReason, clientError, dataOfAck, errorOfAck, refusalOf } from '../call-error.js'
import type { CallOptions } from '../client-options.js'
import { startTimer } from '../timer.js'
import { type CallTarget, emitNow, forgetAcks, nextAckOf } from './emit-now.js'
import { followUse } from './follow-use.js'

/*
 * One call: sent when its namespace is joined, sent again if it is retried, and settled once.
 */

/** Acks that do not tell the result: a retried event is sent again. */
const UNKNOWN_RESULT = ['FST_NSP_CLOSING', 'FST_NSP_HANDLER_TIMEOUT']

/** What the calls of a client share. */
export interface CallLedger {
  /** Longest that a call takes. */
  readonly timeoutMs: number
  /** Whether a call that can't be sent may wait: undefined, or why not. */
  readonly refusal: () => ClientReason | undefined
  /** Counts the calls that are not settled. */
  readonly countPending: (change: 1 | -1) => void
  /** Counts those of them that wait to be sent. */
  readonly countWaiting: (change: 1 | -1) => void
}

/** @param hasAck - without an ack, the call ends when it is sent */
export function callEvent(
  { socket, state }: CallTarget,
  event: string,
  payload: unknown,
  options: CallOptions = {},
  hasAck: boolean,
  ledger: CallLedger,
): Promise<unknown> {
  const { timeoutMs = ledger.timeoutMs, signal, retry } = options
  const args = payload === undefined ? [] : [payload]
  let isEnded = false
  let isSent = false
  let isWaiting = false
  const acks: number[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let unfollow = () => {}
  let resolve: (data: unknown) => void
  let reject: (error: unknown) => void

  function setWaiting(next: boolean): void {
    if (isWaiting !== next) ledger.countWaiting(next ? 1 : -1)
    isWaiting = next
  }

  function end(settle: () => void): void {
    if (isEnded) return
    isEnded = true
    unfollow()
    clearTimeout(timer)
    forgetAcks(socket, ...acks)
    setWaiting(false)
    ledger.countPending(-1)
    settle()
  }

  function fail(error: unknown): void {
    end(() => reject(error))
  }

  function giveUp(reason: ClientReason, cause?: unknown): void {
    fail(clientError(reason, cause, event, isSent))
  }

  function onAck(ack: unknown): void {
    const error = errorOfAck(ack, event)
    // The next connection, or the next time-out, sends it again.
    if (error && retry && timeoutMs > 0 && UNKNOWN_RESULT.includes(error.code)) return
    if (error) fail(error)
    else end(() => resolve(dataOfAck(ack)))
  }

  function transmit(): void {
    let isOut = false
    if (hasAck) acks.push(nextAckOf(socket))
    try {
      isOut = emitNow(socket, event, ...args, ...(hasAck ? [onAck] : []))
    } catch (error) {
      fail(error) // a payload that can't be encoded
    }
    if (!isOut) wait()
    else {
      isSent = true
      setWaiting(false)
      if (!hasAck) end(() => resolve(undefined))
    }
  }

  function wait(): void {
    if (isWaiting || isEnded) return
    const refusal = isSent ? (retry ? undefined : 'OFFLINE') : ledger.refusal()
    if (refusal) giveUp(refusal)
    else setWaiting(true)
  }

  function restartTimer(): void {
    if (timeoutMs > 0) timer = startTimer(onTimeout, timeoutMs)
  }

  function onTimeout(): void {
    if (!retry) giveUp('TIMEOUT')
    else {
      restartTimer()
      // Without a join it waits already.
      if (state.getSnapshot().status === 'joined') transmit()
    }
  }

  return new Promise((...ends) => {
    ;[resolve, reject] = ends
    ledger.countPending(1)
    restartTimer()
    unfollow = followUse(state, signal, transmit, wait, (error) => fail(refusalOf(error, event, isSent)), giveUp)
    if (isEnded) unfollow()
  })
}
