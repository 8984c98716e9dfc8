import { FST_NSP_CLIENT_DISCONNECTED } from '../shared/errors.js'

/*
 * What a client has received, kept until a test asks for it.
 */

type PayloadOf<Listener> = Listener extends (...args: infer Args extends unknown[]) => unknown ? Args[0] : never

/**
 * Resolves to the payload of the next emit of a name. It returns each emit once, in order, including those that arrived before the
 * call and after the join.
 *
 * @throws FST_NSP_CLIENT_DISCONNECTED if the socket has disconnected and no such emit is left
 */
export type NextEvent<Listeners> = <Name extends keyof Listeners & string>(
  name: Name,
) => Promise<PayloadOf<Listeners[Name]>>

/** What we need of the stock client's socket. */
interface Receiver {
  readonly connected: boolean
  onAny(listener: (name: string, payload: unknown) => void): unknown
  on(event: 'disconnect', listener: (reason: string) => void): unknown
}

interface Waiter {
  resolve(payload: unknown): void
  reject(error: Error): void
}

/** in: a socket that has not joined `address` yet; out: its `nextEvent`. */
export function createInbox(socket: Receiver, address: string): (name: string) => Promise<unknown> {
  const received = new Map<string, unknown[]>()
  const waiters = new Map<string, Waiter[]>()
  let reason = ''

  socket.onAny((name, payload) => {
    const waiter = waiters.get(name)?.shift()
    if (waiter) waiter.resolve(payload)
    else listOf(received, name).push(payload)
  })
  socket.on('disconnect', (why) => {
    reason = why
    for (const [name, waiting] of waiters) for (const { reject } of waiting) reject(absence(name))
    waiters.clear()
  })

  function absence(name: string): Error {
    return new FST_NSP_CLIENT_DISCONNECTED(address, reason, name)
  }

  return (name) => {
    const payloads = listOf(received, name)
    if (payloads.length > 0) return Promise.resolve(payloads.shift())
    if (!socket.connected) return Promise.reject(absence(name))
    const next = new Promise<unknown>((resolve, reject) => {
      listOf(waiters, name).push({ resolve, reject })
    })
    // A test that has failed meanwhile does not wait for it any more: that is no second failure.
    next.catch(() => {})
    return next
  }
}

function listOf<Item>(lists: Map<string, Item[]>, name: string): Item[] {
  const list = lists.get(name) ?? []
  lists.set(name, list)
  return list
}
