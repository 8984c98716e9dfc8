import { type ClientErrorCode, clientError, dataOfAck, errorOfAck, refusalOf } from '../call-error.js'
import type { CallOptions } from '../client-options.js'
import { startTimer } from '../timer.js'
import { type CallTarget, emitNow, forgetAcks, nextAckOf } from './emit-now.js'

/*
 * One call: sent when its namespace is joined, sent again if it is retried, and settled once.
 */

/** Acks that do not tell the result: a retried event is sent again. */
const UNKNOWN_RESULT = ['FST_NSP_CLOSING', 'FST_NSP_HANDLER_TIMEOUT']

/** What the calls of a client share. */
export interface CallLedger {
  /** Whether a call that can't be sent may wait: undefined, or why not. */
  readonly refusal: () => ClientErrorCode | undefined
  /** Counts the calls that are not settled. */
  readonly countPending: (change: 1 | -1) => void
  /** Counts those of them that wait to be sent. */
  readonly countWaiting: (change: 1 | -1) => void
}

interface CallRequest extends Required<Pick<CallOptions, 'timeoutMs' | 'retry'>> {
  readonly event: string
  readonly payload: unknown
  readonly signal: AbortSignal | undefined
  /** Without an ack, the call ends when it is sent. */
  readonly hasAck: boolean
}

export function callEvent({ socket, state }: CallTarget, request: CallRequest, ledger: CallLedger): Promise<unknown> {
  const { event, payload, timeoutMs, signal, retry, hasAck } = request
  const args = payload === undefined ? [] : [payload]
  let isEnded = false
  let isSent = false
  let isWaiting = false
  const acks: number[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let unsubscribe = () => {}
  let resolve: (data: unknown) => void
  let reject: (error: unknown) => void

  function setWaiting(next: boolean): void {
    if (isWaiting !== next) ledger.countWaiting(next ? 1 : -1)
    isWaiting = next
  }

  function end(settle: () => void): void {
    if (isEnded) return
    isEnded = true
    unsubscribe()
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    forgetAcks(socket, ...acks)
    setWaiting(false)
    ledger.countPending(-1)
    settle()
  }

  function fail(error: unknown): void {
    end(() => reject(error))
  }

  function giveUp(code: ClientErrorCode, cause?: unknown): void {
    fail(clientError(code, cause, event, isSent))
  }

  function abort(): void {
    giveUp('NSP_CLIENT_ABORTED', signal?.reason)
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
    const refusal = retry && isSent ? undefined : ledger.refusal()
    if (refusal) giveUp(refusal)
    else setWaiting(true)
  }

  function update(): void {
    const now = state.getSnapshot()
    if (now.status === 'joined') transmit()
    else if (now.status === 'refused') fail(refusalOf(now.error, event, isSent))
    else if (now.status === 'left') giveUp('NSP_CLIENT_LEFT')
    else if (isSent && !retry) giveUp('NSP_CLIENT_OFFLINE')
    else wait()
  }

  function restartTimer(): void {
    if (timeoutMs > 0) timer = startTimer(onTimeout, timeoutMs)
  }

  function onTimeout(): void {
    if (!retry) giveUp('NSP_CLIENT_TIMEOUT')
    else {
      restartTimer()
      update()
    }
  }

  return new Promise((...ends) => {
    ;[resolve, reject] = ends
    ledger.countPending(1)
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort)
    restartTimer()
    unsubscribe = state.subscribe(update)
    update()
  })
}
