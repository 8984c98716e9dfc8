import type { AnyJoined, AnyListener } from './any-client.js'
import { type CallError, clientError, isErrorOf } from './call-error.js'
import type { Calls } from './calls/calls.js'
import type { GapReason, JoinState } from './client-options.js'
import type { SharedJoin } from './joins/shared-join.js'
import { createReadable, createSubscribers, report } from './readable.js'

/*
 * One use of a namespace: its own listeners, calls and streams, over the socket that all uses of the address share.
 */

interface ListenerEntry {
  readonly emit: string
  readonly listener: AnyListener
  readonly remove: () => void
}

interface JoinedOptions {
  readonly name: string
  readonly address: string
  readonly shared: SharedJoin
  readonly calls: Calls
  readonly signal: AbortSignal | undefined
  readonly onLeft: () => void
}

const LEFT: JoinState = Object.freeze({ status: 'left' })

export function createJoined({ name, address, shared, calls, signal, onLeft }: JoinedOptions): AnyJoined {
  const { socket, streams, rejoin } = shared
  const gaps = createSubscribers<[reason: GapReason]>()
  const state = createReadable(shared.state.getSnapshot())
  const target = { socket, state, streams }
  const entries = new Set<ListenerEntry>()
  const isLeft = () => state.getSnapshot() === LEFT
  const offs = [shared.state.subscribe(() => state.set(shared.state.getSnapshot())), shared.gaps.add(gaps.call)]

  /** Adds a listener whose errors do not stop the others. */
  function listen(emit: string, listener: AnyListener, receive: (...args: unknown[]) => unknown): () => void {
    if (isLeft()) return () => {}
    const receiver = (...args: unknown[]) => {
      try {
        receive(...args)
      } catch (error) {
        report(error)
      }
    }
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
    signal?.removeEventListener('abort', leave)
    for (const { remove } of entries) remove()
    for (const off of offs) off()
    // Ends the calls and the streams of this use.
    state.set(LEFT)
    onLeft()
  }

  signal?.addEventListener('abort', leave)

  return {
    name,
    address,
    socket,
    state: { getSnapshot: state.getSnapshot, subscribe: state.subscribe },
    leave,
    rejoin: () => isLeft() || rejoin(),

    get ready() {
      return new Promise<void>((resolve, reject) => {
        const settle = (error?: CallError) => {
          off()
          if (error) reject(error)
          else resolve()
        }
        const update = () => {
          const now = state.getSnapshot()
          if (now.status === 'joined') settle()
          else if (now.status === 'refused') settle(now.error)
          else if (now === LEFT) settle(clientError('NSP_CLIENT_LEFT'))
        }
        const off = state.subscribe(update)
        update()
      })
    },

    call: (event, payload, options) => calls.call(target, event, payload, options),
    isErrorOf,
    send: (event, payload) => calls.send(target, event, payload),
    stream: (event, payload, options) => calls.stream(target, event, payload, options),
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
