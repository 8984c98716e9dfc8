import type { SessionAction } from '../../session/session-types.js'
import type { RecordedStep } from './recorded-step.js'

/** What was sent: a call, a stream, or an event without an ack. */
export type Sending = Extract<SessionAction, { readonly event: string }>

/** What a step repeats, and what has come back. */
export function outcomeOf(action: Sending): Pick<RecordedStep, 'kind' | 'code' | 'count' | 'answer'> {
  const { kind } = action
  if (kind === 'send') return { kind }
  if (kind === 'stream') {
    const { items, isCancelled, error } = action
    const ending = isCancelled ? { count: Math.max(items.length, 1) } : error && { code: codeOf(error) }
    // Of a longer one, not all items are known.
    return { kind, ...ending, ...(items.length < MOST_ITEMS && { answer: items }) }
  }
  const { error, acks = [] } = action.result
  if (error) return { kind, code: codeOf(error) }
  const { ok, data } = Object(acks[0])
  // An ack of another form is none for the command line.
  return ok === true ? { kind, answer: data } : { kind: 'send' }
}

const MOST_ITEMS = 20

/** The code that a test meets, too: that of a lost connection or a timeout is the client's own. */
function codeOf({ code }: { readonly code: string }): string {
  return code.startsWith('NSP_CLIENT_') ? '' : code
}
