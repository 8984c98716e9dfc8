import { createFrame, TEXT } from '../frames.js'
import { createItem, ITEMS, VARIANTS } from '../message.js'
import { createExpectation } from './expectation.js'
import { type Job, type Load, openConnections } from './job.js'
import type { LoadConnection } from './load-connection.js'

/*
 * The load of the stream scenario: each socket asks for the next stream when the one before has ended. A client of streams sends
 * credits for each half of what it may receive; servers without streams never ask for them.
 */

const PATIENCE_MS = 10_000
const CREDITS = 1_024

export function createStreamLoad(job: Job): Load {
  const { dialect, scenario } = job
  const order = frameOf(
    `${dialect.eventHead}1${dialect.eventMiddle(scenario.event)}null,{"id":"s","credits":${CREDITS}}]`,
  )
  const more = frameOf(`${dialect.eventHead}["namespace:more","s",${CREDITS / 2}]`)
  const itemHead = Buffer.from(`${dialect.emitHead('namespace:item')}"s",`)
  const emitHead = Buffer.from(dialect.emitHead('item'))
  const ackHead = Buffer.from(dialect.ackHead)
  const items = createExpectation(createItem, (value) => value)
  const latencies: number[] = []
  let connections: LoadConnection[] = []
  /** The number of items of each socket in this stream, and the time at which it was asked for. */
  const counts: number[] = []
  const askedAt: number[] = []
  let received = 0
  let running = 0
  let endsAt = 0
  let settle: (() => void) | undefined

  function ask(seat: number): void {
    counts[seat] = 0
    askedAt[seat] = performance.now()
    connections[seat]?.write(order)
  }

  function receive(seat: number, buffer: Buffer, start: number, end: number): void {
    if (startsWith(buffer, start, itemHead)) count(seat, buffer, start + itemHead.length, end - 1, true)
    else if (startsWith(buffer, start, emitHead)) count(seat, buffer, start + emitHead.length, end - 1, false)
    else if (startsWith(buffer, start, ackHead)) finish(seat)
    else throw new Error(`no item: ${buffer.toString('utf8', start, end)}`)
  }

  function count(seat: number, buffer: Buffer, start: number, end: number, isStream: boolean): void {
    const index = counts[seat] as number
    items.check(index % VARIANTS, buffer, start, end)
    counts[seat] = index + 1
    received++
    if (isStream && (index + 1) % (CREDITS / 2) === 0) connections[seat]?.write(more)
  }

  function finish(seat: number): void {
    if (counts[seat] !== ITEMS) throw new Error(`a stream of ${counts[seat]} items`)
    const now = performance.now()
    latencies.push(now - (askedAt[seat] as number))
    if (now < endsAt) ask(seat)
    else if (--running === 0) settle?.()
  }

  async function run(sliceMs: number): Promise<number> {
    received = 0
    running = connections.length
    endsAt = performance.now() + sliceMs
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${running} streams have not ended`)), sliceMs + PATIENCE_MS)
      settle = () => {
        clearTimeout(timer)
        resolve()
      }
      for (let seat = 0; seat < connections.length; seat++) ask(seat)
    })
    return received
  }

  async function open(): Promise<void> {
    connections = await openConnections(job)
    for (const [seat, connection] of connections.entries()) {
      connection.hear = (_opcode, buffer, start, end) => receive(seat, buffer, start, end)
    }
  }

  return { open, run, latencies }
}

function frameOf(text: string): Buffer {
  return createFrame(TEXT, Buffer.from(text))
}

function startsWith(buffer: Buffer, start: number, head: Buffer): boolean {
  return start + head.length <= buffer.length && head.compare(buffer, start, start + head.length) === 0
}
