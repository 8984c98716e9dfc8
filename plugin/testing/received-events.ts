import { FST_NSP_CLIENT_DISCONNECTED } from '../shared/errors/test-errors.js'

/*
 * Keeps the events that a test client has received until the test asks for them.
 */

type FirstArgument<Listener> = Listener extends (...args: infer Args extends unknown[]) => unknown ? Args[0] : never

/**
 * Resolves to the payload of the next emit of a name. It returns each emit once, in order, including those that arrived before the
 * call and after the join.
 *
 * @throws FST_NSP_CLIENT_DISCONNECTED if the socket has disconnected and no such emit is left
 */
export type NextEvent<Listeners> = <Name extends keyof Listeners & string>(
  name: Name,
) => Promise<FirstArgument<Listeners[Name]>>

/** The methods of the client's socket that are used here. */
interface RecordedSocket {
  readonly connected: boolean
  onAny(listener: (name: string, payload: unknown) => void): unknown
  on(event: 'disconnect', listener: (reason: string) => void): unknown
}

interface PendingEvent {
  resolve(payload: unknown): void
  reject(error: Error): void
}

/**
 * Records the events of a socket.
 *
 * @param socket - a socket that has not joined `address` yet
 * @returns its `nextEvent`
 */
export function createReceivedEvents(socket: RecordedSocket, address: string): (name: string) => Promise<unknown> {
  const received = new Map<string, unknown[]>()
  const pending = new Map<string, PendingEvent[]>()
  let reason = ''

  socket.onAny((name, payload) => {
    const first = pending.get(name)?.shift()
    if (first) first.resolve(payload)
    else listOf(received, name).push(payload)
  })
  socket.on('disconnect', (why) => {
    reason = why
    for (const [name, list] of pending) for (const { reject } of list) reject(missingEvent(name))
    pending.clear()
  })

  function missingEvent(name: string): Error {
    return new FST_NSP_CLIENT_DISCONNECTED(address, reason, name)
  }

  return (name) => {
    const payloads = listOf(received, name)
    if (payloads.length > 0) return Promise.resolve(payloads.shift())
    if (!socket.connected) return Promise.reject(missingEvent(name))
    const next = new Promise<unknown>((resolve, reject) => {
      listOf(pending, name).push({ resolve, reject })
    })
    // A test that has failed no longer awaits it: avoid an unhandled rejection.
    next.catch(() => {})
    return next
  }
}

function listOf<Item>(lists: Map<string, Item[]>, name: string): Item[] {
  const list = lists.get(name) ?? []
  lists.set(name, list)
  return list
}
