import type { AnyJoined } from 'fastify-namespaces/client'
import { useJoinState } from 'fastify-namespaces/react'

/** Says whether a namespace is joined, in words and by a colour. */
export function JoinStatus({ joined }: { joined: Pick<AnyJoined, 'state'> }) {
  const state = useJoinState(joined)
  return (
    <p className="status" role="status" data-status={state.status}>
      {state.status === 'refused' ? `Refused: ${state.error.message}` : TEXTS[state.status]}
    </p>
  )
}

const TEXTS = {
  joining: 'Joining …',
  joined: 'Joined',
  recovering: 'Connection lost. What you send waits until it is back.',
  left: 'Left',
}
