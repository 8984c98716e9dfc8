import { EventEmitter, once } from 'node:events'

/*
 * The last lines of a pino log, and those that follow.
 */

const LINES_KEPT = 1000

const LEVELS = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' } as const

export interface LogLine {
  /** Counts from 1. */
  readonly id: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly at: string
  readonly text: string
}

export class LogBook {
  readonly #lines: LogLine[] = []
  readonly #written = new EventEmitter().setMaxListeners(0)
  #count = 0

  /** Takes one line of JSON: the method that pino calls on a stream. */
  write(json: string): void {
    const { level, time, msg, req } = JSON.parse(json)
    const name = LEVELS[level as keyof typeof LEVELS] ?? 'error'
    this.#count += 1
    this.#lines.push({
      id: this.#count,
      level: name,
      at: new Date(time).toISOString(),
      text: req ? `${msg}: ${req.method} ${req.url}` : String(msg),
    })
    if (this.#lines.length > LINES_KEPT) this.#lines.shift()
    this.#written.emit('line')
  }

  /** Yields the lines that are kept and have an id above `afterId`, then each new line. Ends when the signal aborts. */
  async *follow(afterId: number, signal: AbortSignal): AsyncGenerator<LogLine, void> {
    let position = afterId
    while (!signal.aborted) {
      const next = this.#lines.find(({ id }) => id > position)
      if (next) {
        position = next.id
        yield next
      } else await once(this.#written, 'line', { signal })
    }
  }
}
