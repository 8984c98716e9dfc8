import type { LogEntry } from '../../log/log-types.js'

/** An emit that a client has heard while it was recorded. */
export interface HeardEmit {
  readonly client: string
  readonly event: string
  readonly payload: unknown
  /** Counts the emits of this name that the client has heard since it has joined, from 1. */
  readonly ordinal: number
}

/** The newest emits, of which steps are made, and how many of each name there were. */
export interface HeardEmits {
  readonly add: (client: string, entry: LogEntry) => void
  /** The newest first. */
  readonly newest: () => readonly HeardEmit[]
  /** Forgets those that were heard so far: a step begins. Their count goes on. */
  readonly settle: () => void
  /** Takes an emit as expected. Returns how many of its name come before it, which no step expects. */
  readonly take: (emit: HeardEmit) => number
  /** A client has joined anew. */
  readonly restart: (client: string) => void
}

const MOST = 30

export function createHeardEmits(): HeardEmits {
  let newest: HeardEmit[] = []
  const heard = new Map<string, number>()
  const taken = new Map<string, number>()
  const keyOf = ({ client, event }: Pick<HeardEmit, 'client' | 'event'>) => `${client} ${event}`
  return {
    add(client, { event, text }) {
      const ordinal = (heard.get(keyOf({ client, event })) ?? 0) + 1
      heard.set(keyOf({ client, event }), ordinal)
      newest = [{ client, event, payload: readFirst(text), ordinal }, ...newest.slice(0, MOST - 1)]
    },
    newest: () => newest,
    settle: () => {
      newest = []
    },
    take(emit) {
      const skipped = emit.ordinal - 1 - (taken.get(keyOf(emit)) ?? 0)
      taken.set(keyOf(emit), emit.ordinal)
      newest = newest.filter((one) => one !== emit)
      return Math.max(skipped, 0)
    },
    restart(client) {
      for (const counts of [heard, taken])
        for (const key of counts.keys()) if (key.startsWith(`${client} `)) counts.delete(key)
    },
  }
}

/** The first argument of an entry. What the log has cut is no JSON any more. */
function readFirst(text: string): unknown {
  try {
    return JSON.parse(text)[0]
  } catch {
    return undefined
  }
}
