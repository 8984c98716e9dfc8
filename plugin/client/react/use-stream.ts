import { useEffect, useMemo, useSyncExternalStore } from 'react'
import type { AnyJoined } from '../any-client.js'
import type { GivenJoined, StreamArgs, StreamIn, StreamUse, UseStreamOptions } from './hook-types.js'
import { StreamView } from './stream-view.js'
import { useLatest } from './use-latest.js'

const LIMIT = 1000

/**
 * Opens a stream while the component is mounted, and shows its newest items. Another event, payload or namespace opens another one.
 *
 * @param payload - of the event. It is compared by its JSON: it may be a new object at each render.
 * @returns the items, oldest first, at most 20 times a second; `result` and `isDone` at the end, `error` if the stream has failed;
 * `cancel()`, after which the items stay, and `restart()`, which begins without items.
 *
 * @example
 * const { items, isDone } = useStream(logs, 'log:tail', { level: 'info' }, { limit: 200 })
 */
export function useStream<Given extends GivenJoined, Event extends StreamIn<Given>>(
  joined: Given,
  event: Event,
  ...args: StreamArgs<Given, Event>
): StreamUse<Given, Event>
export function useStream(
  joined: AnyJoined,
  event: string,
  payload?: unknown,
  options: UseStreamOptions = {},
): StreamUse<AnyJoined, string> {
  const latest = useLatest({ payload, options })
  // biome-ignore lint/correctness/useExhaustiveDependencies: a payload is compared by its JSON
  const view = useMemo(
    () =>
      new StreamView({
        open: (onItem) => {
          const {
            payload,
            options: { limit, ...more },
          } = latest.current
          return joined.stream(event, payload, { ...more, onItem })
        },
        limitOf: () => latest.current.options.limit ?? LIMIT,
      }),
    [joined, event, JSON.stringify(payload)],
  )
  useEffect(() => {
    view.open()
    return () => view.close()
  }, [view])
  const { items, result, error, isDone } = useSyncExternalStore(
    view.state.subscribe,
    view.state.getSnapshot,
    view.state.getSnapshot,
  )
  return { items, result, error, isDone, cancel: view.cancel, restart: view.open }
}
