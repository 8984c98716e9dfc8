import type { CallError, ClientReason } from '../call-error.js'
import type { JoinState } from '../client-options.js'
import { onAbort, type Readable } from '../readable.js'

/*
 * What calls and streams wait for: their namespace is joined, refused or left, or the application aborts them.
 */

/**
 * Follows a use of a namespace, from where it stands now.
 *
 * @param onJoined - called for each join
 * @param onLost - called when there is no join (yet, or any more), and one may follow
 * @param onRefused - called when the server has refused the namespace
 * @param onGivenUp - called when the application has left the namespace, or the signal aborts
 * @returns a function that ends it
 */
export function followUse(
  state: Readable<JoinState>,
  signal: AbortSignal | undefined,
  onJoined: () => void,
  onLost: () => void,
  onRefused: (error: CallError) => void,
  onGivenUp: (reason: ClientReason, cause?: unknown) => void,
): () => void {
  const abort = () => onGivenUp('ABORTED', signal?.reason)
  const update = () => {
    const now = state.getSnapshot()
    if (now.status === 'joined') onJoined()
    else if (now.status === 'refused') onRefused(now.error)
    else if (now.status === 'left') onGivenUp('LEFT')
    else onLost()
  }
  const offs = [onAbort(signal, abort), state.subscribe(update)]
  if (signal?.aborted) abort()
  else update()
  return () => {
    for (const off of offs) off()
  }
}
