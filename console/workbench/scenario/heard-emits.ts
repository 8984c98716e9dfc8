import type { LogEntry } from '../../log/log-types.js'

/** An emit that a client has heard while it was recorded. */
export interface HeardEmit {
  readonly client: string
  readonly event: string
  readonly payload: unknown
  /** Counts the emits of this name that the client has heard since it has joined, from 1. */
  readonly ordinal: number
}

/** The newest emits that no step expects yet, and how many of each name there were. */
export interface HeardEmits {
  readonly add: (client: string, entry: LogEntry) => void
  /** The newest first. */
  readonly newest: () => readonly HeardEmit[]
  /** Takes an emit as expected, which those of its name before it can't be any more. Returns how many these are. */
  readonly take: (emit: HeardEmit) => number
  /** A client joins anew: what it has heard so far is no part of its next steps. */
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
    take(emit) {
      const skipped = emit.ordinal - 1 - (taken.get(keyOf(emit)) ?? 0)
      taken.set(keyOf(emit), emit.ordinal)
      newest = newest.filter((one) => keyOf(one) !== keyOf(emit) || one.ordinal > emit.ordinal)
      return skipped
    },
    restart(client) {
      newest = newest.filter((one) => one.client !== client)
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
