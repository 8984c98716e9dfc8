import { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'
import type { LogBook } from './log-book.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

const Level = Type.Enum(LEVELS)
export type Level = Static<typeof Level>

const Line = Type.Object({
  id: Type.Integer(),
  level: Level,
  at: Type.String({ format: 'date-time' }),
  text: Type.String(),
})

/** The server's own log, as a stream that a client resumes after a lost connection. */
export function createLogs(book: LogBook) {
  return defineNamespace({
    summary: "The server's log",
    events: {
      'log:tail': {
        summary: 'The last lines of the log, and each new line',
        payload: Type.Object({ level: Level }),
        stream: Line,
        itemId: ({ id }) => id,
        handlerTimeoutMs: 0, // a log may be silent for any time
        handler: async function* ({ level }, { signal, lastId }) {
          const lowest = LEVELS.indexOf(level)
          for await (const line of book.follow(Number(lastId ?? 0), signal)) {
            if (LEVELS.indexOf(line.level) >= lowest) yield line
          }
        },
      },
    },
  })
}
