import type { AnyClient, AnyJoined, AnyListener, ItemStream } from '../../../../plugin/client/any-client.js'
import type { JoinState } from '../../../../plugin/client/client-options.js'
import { createReadable } from '../../../../plugin/client/readable.js'

/*
 * A client without a network: the test says what the server does.
 */

interface Asked {
  readonly event: string
  readonly payload: unknown
  readonly options: unknown
  readonly answer: (data: unknown) => void
  readonly fail: (error: unknown) => void
}

interface OpenStream extends Asked {
  readonly push: (...items: unknown[]) => void
  isCancelled: boolean
}

function defer() {
  let answer: (data: unknown) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const promise = new Promise<unknown>((resolve, reject) => {
    answer = resolve
    fail = reject
  })
  return { promise, answer, fail }
}

/** One use of a namespace, and what was done with it. */
export function createFakeJoined(name = '/chat') {
  const state = createReadable<JoinState>({ status: 'joining' })
  const listeners = new Map<string, Set<AnyListener>>()
  const calls: Asked[] = []
  const streams: OpenStream[] = []
  const sent: unknown[] = []
  let rejoins = 0
  const listenersOf = (emit: string) => listeners.get(emit) ?? listeners.set(emit, new Set()).get(emit) ?? new Set()
  const on = (emit: string, listener: AnyListener) => {
    listenersOf(emit).add(listener)
    return () => void listenersOf(emit).delete(listener)
  }
  const joined: AnyJoined = {
    name,
    address: `${name}/1`,
    socket: { id: name } as never,
    ready: Promise.resolve(),
    state,
    on,
    once: (emit, listener) => {
      const off = on(emit, (...args) => {
        off()
        listener(...args)
      })
      return off
    },
    off: (emit, listener) => void listenersOf(emit).delete(listener),
    answer: (emit, answer) => on(`answer ${emit}`, answer),
    onGap: (listener) => on('gap', listener),
    isErrorOf: () => false,
    send: (event, payload) => void sent.push([event, payload]),
    call: (event, payload, options) => {
      const { promise, answer, fail } = defer()
      calls.push({ event, payload, options, answer, fail })
      return promise
    },
    stream: (event, payload, options) => {
      const { promise, answer, fail } = defer()
      promise.catch(() => undefined)
      const stream: OpenStream = {
        event,
        payload,
        options,
        answer,
        fail,
        isCancelled: false,
        push: (...items) => {
          for (const item of items) options?.onItem?.(item)
        },
      }
      streams.push(stream)
      const cancel = () => {
        stream.isCancelled = true
        fail(new Error('cancelled'))
      }
      return { result: promise, cancel } as ItemStream
    },
    rejoin: () => {
      rejoins += 1
    },
    leave: () => state.set({ status: 'left' }),
  }
  return {
    joined,
    calls,
    streams,
    sent,
    setState: state.set,
    /** Calls the listeners of an emit. */
    emit: (emit: string, ...args: never[]) => {
      for (const listener of [...listenersOf(emit)]) listener(...args)
    },
    listening: (emit: string) => listenersOf(emit).size,
    get status() {
      return state.getSnapshot().status
    },
    get rejoins() {
      return rejoins
    },
  }
}

/** A client whose joins are fakes, in the order in which they were made. */
export function createFakeClient() {
  const joins: (ReturnType<typeof createFakeJoined> & { params: unknown; options: unknown })[] = []
  const client = {
    join: (name: string, params?: object, options?: object) => {
      const join = Object.assign(createFakeJoined(name), { params, options })
      joins.push(join)
      return join.joined
    },
  } as unknown as AnyClient
  return { client, joins }
}
