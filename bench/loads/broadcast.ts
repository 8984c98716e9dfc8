import { createFrame, TEXT } from '../frames.js'
import { createMessage, type Message } from '../message.js'
import { createExpectation } from './expectation.js'
import { type Job, type Load, openConnections } from './job.js'
import type { LoadConnection } from './load-connection.js'

/*
 * The load of the broadcast scenarios: one socket asks for a broadcast, and again when all receivers have it.
 */

const PATIENCE_MS = 10_000

export function createBroadcastLoad(job: Job): Load {
  const { dialect, scenario } = job
  const order = createFrame(TEXT, Buffer.from(dialect.order(scenario.event)))
  const head = Buffer.from(dialect.emitHead('news'))
  const news = createExpectation(createMessage, (value) => value)
  const latencies: number[] = []
  let connections: LoadConnection[] = []
  let kind = 0
  let askedAt = 0
  let missing = 0
  let delivered = 0
  let endsAt = 0
  let settle: (() => void) | undefined

  function ask(): void {
    missing = scenario.deliveries
    askedAt = performance.now()
    // The last socket asks: its seat is not in the room.
    connections.at(-1)?.write(order)
  }

  function receive(_opcode: number, buffer: Buffer, start: number, end: number): void {
    const payload = start + head.length
    if (head.compare(buffer, start, payload) !== 0) throw new Error(`no news: ${buffer.toString('utf8', start, end)}`)
    // The first delivery says which message it is: the server may have sent some to others before.
    if (missing === scenario.deliveries) kind = kindOf(buffer.toString('utf8', payload, end - 1))
    news.check(kind, buffer, payload, end - 1)
    delivered++
    if (--missing > 0) return
    if (missing < 0) throw new Error('news for a socket that should not receive it')
    const now = performance.now()
    latencies.push(now - askedAt)
    if (now < endsAt) ask()
    else settle?.()
  }

  async function run(sliceMs: number): Promise<number> {
    delivered = 0
    endsAt = performance.now() + sliceMs
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${missing} deliveries are missing`)), sliceMs + PATIENCE_MS)
      settle = () => {
        clearTimeout(timer)
        resolve()
      }
      ask()
    })
    return delivered
  }

  async function open(): Promise<void> {
    connections = await openConnections(job)
    for (const connection of connections) connection.hear = receive
  }

  return { open, run, latencies }
}

/** Reads from the end of the id which message it is. */
function kindOf(text: string): number {
  return Number((JSON.parse(text) as Message).id.slice(-4))
}
