import { html } from 'lit'
import type { Lane, LaneGap } from '../../session/session-types.js'
import { visibleText } from '../../shared/visible-text.js'

const TONES = { joined: 'good', joining: 'warn', recovering: 'warn', refused: 'bad', left: '' }

const GAPS: Record<LaneGap, string> = {
  dropped: 'it reads too slowly: emits were dropped',
  'no-recovery': 'joined anew: recovery is off, emits may have been missed',
  'not-recovered': 'joined anew: not recovered, emits may have been missed',
  'server-disconnect': 'joined anew: the server had disconnected it',
}

/** What `Rejoin` does. */
export const REJOIN_TITLE = 'Joins anew, with the auth as it is now'

/** Where a namespace stands, in a word. */
export function laneBadge({ state: { status } }: Lane) {
  return html`<span class="badge ${TONES[status]}">${status}</span>`
}

/** What a rejoin was: recovered, or not and why. */
export function laneOutcome({ state, gap, hasRecovery }: Lane): string {
  if (state.status === 'recovering') return `lost: ${visibleText(state.reason, 100)}`
  if (state.status !== 'joined') return ''
  if (gap) return GAPS[gap]
  if (state.recovered) return 'recovered: nothing was missed'
  return hasRecovery ? 'can be recovered' : 'recovery is off'
}
