import { createElement } from 'react'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { useEvent } from '../../../../plugin/client/react/use-event.js'
import { useJoinState } from '../../../../plugin/client/react/use-join-state.js'
import { useNamespace } from '../../../../plugin/client/react/use-namespace.js'
import { createFakeClient } from './fake-client.js'

/** A component that joins, listens and shows the state. */
export function createChat() {
  const { client, joins } = createFakeClient()
  const shown: string[] = []
  const heard: unknown[] = []
  const all = new Set<AnyJoined>()
  interface Props {
    readonly params?: Readonly<Record<string, unknown>>
    readonly auth?: object
    readonly label?: string
  }
  function Chat({ params, auth, label = '' }: Props) {
    const chat = useNamespace(client, '/chat', params, auth && { auth })
    all.add(chat)
    shown.push(useJoinState(chat).status)
    return createElement(Listener, { chat, label })
  }
  function Listener({ chat, label }: { chat: AnyJoined; label: string }) {
    useEvent(chat, 'message:new', (text: string) => heard.push(label + text))
    return null
  }
  const latest = (list = joins) => list.at(-1) ?? none()
  return { Chat, client, joins, shown, heard, all, latest: latest as () => (typeof joins)[number] }
}

function none(): never {
  throw new Error('no join')
}
