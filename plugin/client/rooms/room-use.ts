import { roomName } from '../../definition/rooms/room-name.js'
import type { AnyJoined } from '../any-client.js'
import { CallError, clientError } from '../call-error.js'
import { createReadable, type Readable } from '../readable.js'

/*
 * One use of a declared room of a joined namespace: it joins, and joins again when the server has forgotten the room. The last use of a
 * room leaves it. Apart from createClient(), so that a front end without rooms does not load it.
 */

/** Where a room stands. Frozen; the same object until it changes. */
export type RoomState =
  | { readonly status: 'joining' }
  | { readonly status: 'joined' }
  | { readonly status: 'refused'; readonly error: CallError }
  | { readonly status: 'left' }

/** One use of a room: what `joinRoom()` returns. */
export interface RoomUse {
  /** E.g. `ticket/42`. */
  readonly name: string
  readonly state: Readable<RoomState>
  /** Resolves when the room is joined; rejects with a CallError when the server refuses it, or the application leaves it. */
  readonly ready: Promise<void>
  /** Joins again after a refusal. */
  rejoin(): void
  /** Ends this use. The last one of a room leaves it. */
  leave(): void
}

const JOINING: RoomState = /* @__PURE__ */ Object.freeze({ status: 'joining' })
const JOINED: RoomState = /* @__PURE__ */ Object.freeze({ status: 'joined' })
const LEFT: RoomState = /* @__PURE__ */ Object.freeze({ status: 'left' })

/** Milliseconds after which a join without an answer is sent again. */
const RETRY_MS = 10_000

/** How many use each room of a socket, which the uses of one address share. */
const uses = new WeakMap<object, Map<string, number>>()

export function openRoom(joined: AnyJoined, pattern: string, params?: Readonly<Record<string, unknown>>): RoomUse {
  const name = roomName(pattern, params as never)
  const { socket } = joined
  const state = createReadable<RoomState>(JOINING)
  const isLeft = () => state.getSnapshot() === LEFT
  /** Ends the join that waits for its answer. */
  let ended = new AbortController()
  count(socket, name, 1)

  function join(): void {
    ended.abort()
    ended = new AbortController()
    const { signal } = ended
    state.set(JOINING)
    // Joining twice joins once: it is sent again after a lost connection.
    joined.call('room:join', name, { retry: true, timeoutMs: RETRY_MS, signal }).then(
      () => signal.aborted || state.set(JOINED),
      (error: CallError) => signal.aborted || refuse(error),
    )
  }

  function refuse(error: CallError): void {
    state.set(Object.freeze({ status: 'refused', error }))
  }

  function leave(): void {
    if (isLeft()) return
    for (const off of offs) off()
    ended.abort()
    state.set(LEFT)
    // In React's StrictMode a component leaves and joins again at once.
    queueMicrotask(() => {
      if (count(socket, name, -1) === 0) socket.emit('room:leave', name)
    })
  }

  const offs = [
    joined.onGap(() => {
      if (state.getSnapshot() !== JOINING) join()
    }),
    joined.on('room:left', ({ room, code }: { readonly room: string; readonly code: string }) => {
      if (room === name) refuse(new CallError({ code, statusCode: 403, message: 'The server has ended the room' }))
    }),
    joined.state.subscribe(() => {
      if (joined.state.getSnapshot().status === 'left') leave()
    }),
  ]
  join()

  return {
    name,
    state,
    leave,

    get ready() {
      return untilJoined(state)
    },

    rejoin() {
      if (state.getSnapshot().status === 'refused') join()
    },
  }
}

/** Adds to the uses of a room. Returns how many there are. */
function count(socket: object, name: string, more: number): number {
  const rooms = uses.get(socket) ?? new Map<string, number>()
  uses.set(socket, rooms)
  const next = (rooms.get(name) ?? 0) + more
  if (next === 0) rooms.delete(name)
  else rooms.set(name, next)
  return next
}

function untilJoined(state: Readable<RoomState>): Promise<void> {
  return new Promise((resolve, reject) => {
    const off = state.subscribe(look)
    function look(): void {
      const now = state.getSnapshot()
      if (now.status === 'joining') return
      off()
      if (now.status === 'joined') resolve()
      else reject(now.status === 'refused' ? now.error : clientError('LEFT'))
    }
    look()
  })
}
