import type { AnyJoined, AnyListener } from './any-client.js'
import { clientError, isErrorOf } from './call-error.js'
import type { Calls } from './calls/calls.js'
import { followUse } from './calls/follow-use.js'
import type { GapReason, JoinState } from './client-options.js'
import type { SharedJoin } from './joins/shared-join-parts.js'
import { callSafely, createReadable, createSubscribers, onAbort, report } from './readable.js'

/*
 * One use of a namespace: its own listeners, calls and streams, over the socket that all uses of the address share.
 */

interface ListenerEntry {
  readonly emit: string
  readonly listener: AnyListener
  readonly remove: () => void
}

const LEFT: JoinState = Object.freeze({ status: 'left' })

export function createJoined(
  name: string,
  address: string,
  shared: SharedJoin,
  callsOf: Calls['of'],
  signal: AbortSignal | undefined,
  onLeft: () => void,
): AnyJoined {
  const { socket, streams, rejoin } = shared
  const gaps = createSubscribers<[reason: GapReason]>()
  const state = createReadable(shared.state.getSnapshot())
  const entries = new Set<ListenerEntry>()
  const isLeft = () => state.getSnapshot() === LEFT
  const offs = [
    shared.state.subscribe(() => state.set(shared.state.getSnapshot())),
    shared.gaps.add(gaps.call),
    onAbort(signal, leave),
  ]

  /** Adds a listener whose errors do not stop the others. */
  function listen(emit: string, listener: AnyListener, receive: (...args: unknown[]) => unknown): () => void {
    if (isLeft()) return () => {}
    const receiver = (...args: unknown[]) => callSafely(receive, ...args)
    const remove = () => {
      socket.off(emit, receiver)
      entries.delete(entry)
    }
    const entry = { emit, listener, remove }
    socket.on(emit, receiver)
    entries.add(entry)
    return remove
  }

  function leave(): void {
    if (isLeft()) return
    for (const { remove } of entries) remove()
    for (const off of offs) off()
    // Ends the calls and the streams of this use.
    state.set(LEFT)
    onLeft()
  }

  return {
    name,
    address,
    socket,
    state,
    leave,
    rejoin: () => isLeft() || rejoin(),

    get ready() {
      let off: (() => void) | undefined
      const ready = new Promise<void>((resolve, reject) => {
        off = followUse(
          state,
          undefined,
          resolve,
          () => {},
          reject,
          (reason) => reject(clientError(reason)),
        )
      })
      ready.then(off, off)
      return ready
    },

    ...callsOf({ socket, state, streams }),
    isErrorOf,
    on: (emit, listener) => listen(emit, listener, listener as (...args: unknown[]) => unknown),

    once(emit, listener) {
      const remove = listen(emit, listener, (...args) => {
        remove()
        return listener(...(args as never[]))
      })
      return remove
    },

    off(emit, listener) {
      for (const entry of entries) if (entry.emit === emit && entry.listener === listener) entry.remove()
    },

    answer(emit, answer) {
      return listen(emit, answer, (...args) => {
        // An emit of this name may come without a question.
        const ack = typeof args.at(-1) === 'function' ? (args.pop() as (value: unknown) => void) : undefined
        const { engine } = socket.io
        const answered = async () => {
          const value = await answer(...(args as never[]))
          // Over another connection it would answer another question; in a namespace that was left, it would end the connection.
          if (socket.connected && socket.io.engine === engine) ack?.(value)
        }
        answered().catch(report)
      })
    },

    onGap: gaps.add,
  }
}
