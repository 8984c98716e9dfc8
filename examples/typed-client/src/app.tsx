import { useState, useSyncExternalStore } from 'react'
import type { RoomName } from '../server/chat.js'
import { Chat } from './chat.js'
import { client } from './client.js'
import { LogStream } from './log-stream.js'

const ROOMS: readonly RoomName[] = ['garden', 'kitchen', 'attic']

export function App() {
  const [room, setRoom] = useState<RoomName>('garden')
  const [name, setName] = useState('')
  return (
    <>
      <header>
        <h1>Typed client</h1>
        <p>A chat and a log, over one WebSocket. Stop the server, write a message, and start it again.</p>
        <Waiting />
      </header>
      <main>
        <section aria-labelledby="chat-title">
          <h2 id="chat-title">Chat</h2>
          <fieldset className="choice">
            <legend>Room</legend>
            {ROOMS.map((name) => (
              <label key={name}>
                <input type="radio" name="room" checked={name === room} onChange={() => setRoom(name)} />
                {name}
              </label>
            ))}
          </fieldset>
          <Chat key={room} room={room} name={name} onName={setName} />
        </section>
        <section aria-labelledby="log-title">
          <h2 id="log-title">Log of the server</h2>
          <LogStream />
        </section>
      </main>
    </>
  )
}

/** How many calls wait for an answer. */
function Waiting() {
  const waiting = useSyncExternalStore(client.pending.subscribe, client.pending.getSnapshot)
  return <p role="status">{waiting > 0 && `${waiting} waiting to be sent`}</p>
}
