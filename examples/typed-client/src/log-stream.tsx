import { useNamespace, useStream } from 'fastify-namespaces/react'
import { useState } from 'react'
import type { Level } from '../server/logs.js'
import { client } from './client.js'
import { GrowingList } from './growing-list.js'
import { JoinStatus } from './join-status.js'

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']
const LINES_SHOWN = 200

export function LogStream() {
  const [level, setLevel] = useState<Level>('debug')
  const logs = useNamespace(client, '/logs')
  const { items, error, isDone, cancel, restart } = useStream(logs, 'log:tail', { level }, { limit: LINES_SHOWN })

  return (
    <>
      <fieldset className="choice">
        <legend>Level</legend>
        {LEVELS.map((name) => (
          <label key={name}>
            <input type="radio" name="level" checked={name === level} onChange={() => setLevel(name)} />
            {name}
          </label>
        ))}
      </fieldset>
      <JoinStatus joined={logs} />
      <GrowingList label="Lines of the log" last={items.at(-1)?.id} isAnnounced={false}>
        <ol className="lines">
          {items.map(({ id, level, at, text }) => (
            <li key={id} value={id} data-level={level}>
              <time dateTime={at}>{at.slice(11, 19)}</time> <b>{level}</b> {text}
            </li>
          ))}
        </ol>
      </GrowingList>
      <p className="actions">
        {isDone ? (
          <button type="button" onClick={restart}>
            Start again
          </button>
        ) : (
          <button type="button" onClick={cancel}>
            Stop
          </button>
        )}
        {error && <span role="alert">{error.message}</span>}
      </p>
    </>
  )
}
