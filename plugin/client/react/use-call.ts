import { useCallback, useMemo, useRef, useState } from 'react'
import type { AnyJoined } from '../any-client.js'
import type { CallError } from '../call-error.js'
import type { CallOptions } from '../client-options.js'
import type { CallIn, CallUse, GivenJoined } from './hook-types.js'

/** What is known of the last call. */
interface CallState {
  readonly data: unknown
  readonly error: CallError | undefined
  readonly isPending: boolean
}

const IDLE: CallState = { data: undefined, error: undefined, isPending: false }

/**
 * Calls an event from event handlers and effects, and shows what became of the last call.
 *
 * @returns `call`, which resolves and rejects as `joined.call()` does. A rejection that nobody awaits is no unhandled rejection,
 * because `error` shows it. `data` is the last answer, and stays until the next one.
 *
 * @example
 * const { call, error, isPending } = useCall(chat, 'message:send')
 * <button disabled={isPending} onClick={() => call({ text })}>Send</button>
 */
export function useCall<Given extends GivenJoined, Event extends CallIn<Given>>(
  joined: Given,
  event: Event,
): CallUse<Given, Event>
export function useCall(joined: AnyJoined, event: string): CallUse<AnyJoined, string> {
  const source = useMemo(() => ({ joined, event }), [joined, event])
  const [state, setState] = useState<CallState & { readonly source?: unknown }>(IDLE)
  const last = useRef<Promise<unknown>>(undefined)
  const call = useCallback(
    (payload?: unknown, options?: CallOptions): Promise<unknown> => {
      const answer = source.joined.call(source.event, payload, options)
      const show = (change: Partial<CallState>) => {
        if (last.current !== answer) return
        setState((before) => {
          const { data } = before.source === source ? before : IDLE
          return { ...IDLE, data, ...change, source }
        })
      }
      last.current = answer
      show({ isPending: true })
      answer.then(
        (data) => show({ data }),
        (error: CallError) => show({ error }),
      )
      return answer
    },
    [source],
  )
  const { data, error, isPending } = state.source === source ? state : IDLE
  return { call, data, error, isPending }
}
