import type { Session } from '../../session/session-types.js'
import type { Readable } from '../../shared/writable.js'
import { createWritable } from '../../shared/writable.js'

/** Where namespaces stand, by name: `joined`, `refused` … */
export type JoinStates = ReadonlyMap<string, string>

/** Watches where namespaces stand. Lanes also change with each event: this changes only with a state. */
export function joinStatesOf(sessions: Readable<readonly Session[]>): Readable<JoinStates> & { end: () => void } {
  const states = createWritable<JoinStates>(new Map())
  let ends: (() => void)[] = []
  let known = ''

  function read(): void {
    const found = new Map<string, Set<string>>()
    for (const session of sessions.getSnapshot())
      for (const { name, state } of session.lanes.getSnapshot()) {
        if (state.status !== 'left') found.set(name, (found.get(name) ?? new Set()).add(state.status))
      }
    const entries = [...found].map(([name, statuses]) => [name, [...statuses].join(', ')] as const)
    const text = JSON.stringify(entries)
    if (text === known) return
    known = text
    states.set(new Map(entries))
  }

  function open(): void {
    for (const end of ends) end()
    ends = sessions.getSnapshot().map((session) => session.lanes.subscribe(read))
    read()
  }

  open()
  const endSessions = sessions.subscribe(open)
  return {
    ...states,
    end() {
      endSessions()
      for (const end of ends) end()
    },
  }
}
