import { useSyncExternalStore } from 'react'
import type { JoinState } from '../client-options.js'
import type { Readable } from '../readable.js'

/**
 * Where a joined namespace stands. The component renders again when it changes.
 *
 * @example
 * const state = useJoinState(chat)
 * if (state.status === 'recovering') return <p>Connection lost</p>
 */
export function useJoinState({ state }: { readonly state: Readable<JoinState> }): JoinState {
  return useSyncExternalStore(state.subscribe, state.getSnapshot, state.getSnapshot)
}
