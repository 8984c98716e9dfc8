import { clientError } from '../../plugin/client/call-error.js'
import { emitNow } from '../../plugin/client/calls/emit-now.js'
import type { AnyJoined, CallError } from '../../plugin/client.js'
import type { LogInput, LogStore } from '../log/log-types.js'
import { describeError, explainError, unsentError } from './error-description.js'
import type { LaneTable } from './lane-table.js'

/** A stream that is open, as its items find it. */
interface ItemReceiver {
  readonly event: string
  readonly payload: unknown
  /** Its id in the server; undefined while it is not open there. */
  id?: unknown
  readonly receive: (item: unknown) => void
}

/** A namespace that is joined: what it hears and says goes to the log. */
export interface JoinedLane {
  readonly use: AnyJoined
  readonly streams: Set<ItemReceiver>
  readonly tellAck: (event: string, args: readonly unknown[], ms: number, error?: CallError) => void
  /** Adds a note. */
  readonly tell: (words: string, subject: unknown, error?: CallError) => void
  /** Sends an event without an ack. */
  readonly send: (event: string, args: readonly unknown[]) => void
  /** Stops listening. */
  readonly end: () => void
}

const MOST_STREAMS = 100

interface LaneParts {
  readonly identity: number
  readonly table: LaneTable
  readonly log: LogStore
  /** What emits that ask for an ack are answered with, by name. */
  readonly answers: ReadonlyMap<string, unknown>
  /** When the last connect was sent, as `performance.now()` tells it. */
  readonly askedAt: () => number
}

/** What Socket.IO keeps for itself: the id of a session that can be recovered. */
interface SessionKeeper {
  readonly _pid?: string
}

export function followLane(use: AnyJoined, { identity, table, log, answers, askedAt }: LaneParts): JoinedLane {
  const { address, socket, state } = use
  const streams = new Set<ItemReceiver>()
  // The events of the last streams, by their ids: items may come when their stream has ended.
  const streamEvents = new Map<unknown, string>()
  const hasRecovery = () => (socket as unknown as SessionKeeper)._pid !== undefined
  let wasRecoverable = false

  function add(entry: Omit<LogInput, 'identity' | 'address'>): void {
    log.add({ identity, address, ...entry })
  }

  function tell(words: string, subject: unknown, error?: CallError): void {
    add({
      kind: 'note',
      event: words,
      args: [...(subject === undefined ? [] : [subject]), ...(error ? [describeError(error)] : [])],
      ...(error && { isError: true }),
    })
  }

  function tellAck(event: string, args: readonly unknown[], ms: number, error?: CallError): void {
    table.measure('ack', ms)
    add({ kind: 'ack-in', event, args, ms, isError: error !== undefined })
  }

  function onIn(event: string, ...args: unknown[]): void {
    if (event === 'namespace:item') {
      const stream = [...streams].find(({ id }) => id === args[0])
      table.count(address, 'down')
      add({ kind: 'item', event: streamEvents.get(args[0]) ?? 'unknown stream', args: args.slice(1) })
      stream?.receive(args[1])
    } else if (event.startsWith('namespace:')) tell(event, args[0])
    else onEmit(event, args)
  }

  function onEmit(event: string, args: unknown[]): void {
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as (value: unknown) => void) : undefined
    // With recovery, each emit has its offset behind its arguments.
    if (!ack && hasRecovery() && typeof args.at(-1) === 'string') args.pop()
    table.count(address, 'down')
    add({ kind: 'in', event, args })
    if (!ack || !answers.has(event)) return
    const answer = answers.get(event)
    ack(answer)
    add({ kind: 'ack-out', event, args: [answer] })
  }

  function onOut(event: string, ...args: unknown[]): void {
    // What the client asks of a stream by itself would be noise.
    if (event.startsWith('namespace:')) return
    const { id } = Object(args[1])
    for (const stream of streams) {
      if (typeof id !== 'string' || stream.id !== undefined || stream.event !== event || stream.payload !== args[0])
        continue
      stream.id = id
      streamEvents.set(id, event)
      for (const [oldest] of streamEvents) if (streamEvents.size > MOST_STREAMS) streamEvents.delete(oldest)
      break
    }
    table.count(address, 'up')
    add({ kind: 'out', event, args })
  }

  function onState(): void {
    const told = state.getSnapshot()
    const now = told.status === 'refused' ? { ...told, error: explainError(told.error) } : told
    const { status } = now
    if (status === 'joined') {
      const ms = performance.now() - askedAt()
      const { joins = 0 } = table.get(address) ?? {}
      table.measure('join', ms)
      table.change(address, { joinedAt: Date.now(), joinMs: ms, joins: joins + 1, gap: undefined })
      add({ kind: 'note', event: 'joined', args: now.recovered ? ['recovered'] : [], ms })
    } else {
      for (const stream of streams) stream.id = undefined
      if (status === 'recovering') {
        wasRecoverable = hasRecovery()
        tell('lost', now.reason)
      } else if (status === 'refused') tell('refused', undefined, now.error)
      else tell(status, undefined)
    }
    table.change(address, { state: now, hasRecovery: hasRecovery() })
  }

  const offs = [
    state.subscribe(onState),
    use.onGap((reason) => {
      const gap = reason === 'not-recovered' && !wasRecoverable ? 'no-recovery' : reason
      table.change(address, { gap })
      tell('gap', gap)
    }),
    () => socket.offAny(onIn),
    () => socket.offAnyOutgoing(onOut),
  ]
  socket.onAny(onIn)
  socket.onAnyOutgoing(onOut)

  return {
    use,
    streams,
    tellAck,
    tell,

    send(event, args) {
      try {
        if (!socket.connected || !emitNow(socket, event, ...args)) tell('not sent', event, clientError('OFFLINE'))
      } catch (cause) {
        tell('not sent', event, unsentError(cause, event))
      }
    },

    end() {
      for (const off of offs) off()
    },
  }
}
