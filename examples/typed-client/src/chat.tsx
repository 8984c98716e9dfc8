import { useCall, useEvent, useNamespace } from 'fastify-namespaces/react'
import { type SubmitEvent, useEffect, useId, useState } from 'react'
import type { Message, RoomName } from '../server/chat.js'
import { client } from './client.js'
import { GrowingList } from './growing-list.js'
import { JoinStatus } from './join-status.js'

interface ChatProps {
  readonly room: RoomName
  readonly name: string
  readonly onName: (name: string) => void
}

export function Chat({ room, name, onName }: ChatProps) {
  const joined = useNamespace(client, '/rooms/:room', { room })
  const { call: list, data: kept = [] } = useCall(joined, 'message:list')
  const { call: send, error, isPending } = useCall(joined, 'message:send')
  const [news, setNews] = useState<readonly Message[]>([])
  const [text, setText] = useState('')
  const messages = inOrder([...kept, ...news])
  const errorId = useId()

  useEvent(joined, 'message:new', (message) => setNews((known) => [...known, message]))
  useEffect(() => {
    void list()
    return joined.onGap(() => void list()) // back, but not without a gap: load again
  }, [joined, list])

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    setText('')
    // The id makes a repetition the same message. So it may be sent again until it is answered, also after a lost connection.
    const message = { id: crypto.randomUUID(), from: name.trim(), text }
    await send(message, { retry: true }).catch(() => setText(text))
  }

  return (
    <>
      <JoinStatus joined={joined} />
      <GrowingList label={`Messages in ${room}`} last={messages.at(-1)?.id} isAnnounced>
        {messages.length === 0 && <p className="hint">Nobody has written yet.</p>}
        <ol>
          {messages.map(({ id, from, text, at }) => (
            <li key={id}>
              <strong>{from}</strong> <time dateTime={at}>{new Date(at).toLocaleTimeString()}</time>
              <p>{text}</p>
            </li>
          ))}
        </ol>
      </GrowingList>
      <form onSubmit={submit}>
        <label>
          Your name
          <input
            value={name}
            onChange={({ target }) => onName(target.value)}
            required
            maxLength={24}
            pattern=".*\S.*"
            autoComplete="nickname"
            aria-describedby={error ? errorId : undefined}
          />
        </label>
        <label className="wide">
          Message
          <input
            value={text}
            onChange={({ target }) => setText(target.value)}
            required
            maxLength={500}
            pattern=".*\S.*"
            autoComplete="off"
          />
        </label>
        <button type="submit">Send</button>
      </form>
      {error && !isPending && (
        <p className="error" role="alert" id={errorId}>
          {error.code === 'NAME_TAKEN' ? (
            <>
              Somebody else here has this name.{' '}
              <button type="button" onClick={() => onName(error.details.suggestion)}>
                Be {error.details.suggestion}
              </button>
            </>
          ) : (
            `Not sent: ${error.message}`
          )}
        </p>
      )}
    </>
  )
}

/** Each message once, oldest first: one that is new may be in the list as well. */
function inOrder(messages: readonly Message[]): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]))
  return [...byId.values()].sort((one, other) => (one.at < other.at ? -1 : 1))
}
