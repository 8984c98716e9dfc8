import type { ServerDescription } from '../../plugin/definition/contract/description.js'
import type { Session } from '../session/session-types.js'
import type { Readable, Writable } from '../shared/writable.js'

/** What the watch needs of the page. */
export interface DescriptionWatch {
  readonly description: Writable<ServerDescription>
  readonly sessions: Readable<readonly Pick<Session, 'connection'>[]>
  /** Fetches the description; rejects while the server is away. */
  readonly fetchDescription: () => Promise<ServerDescription>
  /** Whether the server is being developed. Otherwise only a new connection is a reason to look. */
  readonly isLive: boolean
  readonly isVisible: () => boolean
  readonly now?: () => number
  /** Calls a function later. Returns a function that prevents it. */
  readonly later?: (ms: number, run: () => void) => () => void
}

// Milliseconds between two looks.
const AWAY = 150
const LONG_AWAY = 2_000
const IDLE = 1_000
/** Milliseconds after which a server that is away counts as long away. */
const LONG = 10_000

/**
 * Keeps the description of the server up to date: it looks when a connection is lost or made, often while the server is away, and every
 * second while no connection would tell.
 */
export function watchDescription(watch: DescriptionWatch): void {
  const { description, sessions, fetchDescription, isLive, isVisible, now = Date.now, later = startTimer } = watch
  let [isLooking, isOutdated] = [false, false]
  let awaySince: number | undefined
  let cancel = () => {}
  let seen = statuses()
  const heard = new Set<Readable<unknown>>()

  function statuses(): string {
    return sessions
      .getSnapshot()
      .map(({ connection }) => connection.getSnapshot().status)
      .join()
  }

  async function look(): Promise<void> {
    cancel()
    if (isLooking) {
      isOutdated = true
      return
    }
    isLooking = true
    try {
      const found = await fetchDescription()
      awaySince = undefined
      if (JSON.stringify(found) !== JSON.stringify(description.getSnapshot())) description.set(found)
    } catch {
      awaySince ??= now()
    }
    isLooking = false
    if (isOutdated) {
      isOutdated = false
      void look()
    } else plan()
  }

  function plan(): void {
    if (!isLive) return
    if (awaySince !== undefined) cancel = later(now() - awaySince < LONG ? AWAY : LONG_AWAY, look)
    else if (!/connected|blocked/.test(seen)) cancel = later(IDLE, () => (isVisible() ? void look() : plan()))
  }

  function hear(): void {
    for (const { connection } of sessions.getSnapshot()) {
      if (heard.has(connection)) continue
      heard.add(connection)
      connection.subscribe(hear)
    }
    const current = statuses()
    if (current === seen) return
    seen = current
    if (isLive || current.includes('connected')) void look()
  }

  sessions.subscribe(hear)
  hear()
  plan()
}

function startTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
