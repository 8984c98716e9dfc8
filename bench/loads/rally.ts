import type { NumberedFrame } from '../frames.js'
import type { Scenario } from '../scenarios.js'
import type { LoadConnection } from './load-connection.js'

/*
 * Sends messages and counts their answers: each socket keeps some in flight, or all send a number a second. A socket that reads
 * several answers in one chunk sends the next messages in one write.
 */

export const DIGITS = 6
const FIRST_ID = 10 ** (DIGITS - 1)
const IDS = 10 ** DIGITS
const PATIENCE_MS = 10_000

export interface Rally {
  /** Takes the connections. `hear` is called for every frame, and calls `redeem()` for an answer. */
  begin(
    connections: readonly LoadConnection[],
    hear: (seat: number, opcode: number, buffer: Buffer, start: number, end: number) => void,
  ): void
  /** Counts an answer. Throws if the connection has not sent a message with that id. */
  redeem(seat: number, id: number): void
  /** Sends for `sliceMs` milliseconds. Resolves, after the last answer, to the number of answers. */
  run(sliceMs: number): Promise<number>
  readonly latencies: number[]
}

/** @param frames - used one after another, so that the id says which frame was sent */
export function createRally({ inFlight, perSecond }: Scenario, frames: readonly NumberedFrame[]): Rally {
  const latencies: number[] = []
  // for each id: when it was sent, and on which connection, counted from 1
  const sentAt = new Float64Array(IDS)
  const sentBy = new Uint16Array(IDS)
  // for each connection: the answers since it last sent
  const spare: number[] = []
  let connections: readonly LoadConnection[] = []
  let nextId = FIRST_ID
  let waiting = 0
  let answered = 0
  let endsAt = 0
  let settle: (() => void) | undefined

  function send(seat: number, count: number): void {
    const data = Buffer.allocUnsafe(count * (frames[0] as NumberedFrame).length)
    const now = performance.now()
    let at = 0
    for (let index = 0; index < count; index++) {
      if (sentBy[nextId] !== 0) throw new Error(`no answer to ${nextId} until its id was used again`)
      sentAt[nextId] = now
      sentBy[nextId] = seat + 1
      at += (frames[nextId % frames.length] as NumberedFrame).write(data, at, nextId)
      nextId = nextId + 1 === IDS ? FIRST_ID : nextId + 1
    }
    waiting += count
    connections[seat]?.write(data)
  }

  function redeem(seat: number, id: number): void {
    if (sentBy[id] !== seat + 1) throw new Error(`an answer to ${id}, which this socket does not wait for`)
    sentBy[id] = 0
    latencies.push(performance.now() - (sentAt[id] as number))
    answered++
    waiting--
    spare[seat] = (spare[seat] as number) + 1
  }

  function sendNext(seat: number): void {
    const count = spare[seat] as number
    spare[seat] = 0
    if (count > 0 && perSecond === 0 && performance.now() < endsAt) send(seat, count)
    else if (waiting === 0) settle?.()
  }

  function begin(all: readonly LoadConnection[], hear: Parameters<Rally['begin']>[1]): void {
    connections = all
    for (const [seat, connection] of all.entries()) {
      spare[seat] = 0
      connection.hear = (opcode, buffer, start, end) => hear(seat, opcode, buffer, start, end)
      connection.chunkEnd = () => sendNext(seat)
    }
  }

  /** Sends at `perSecond`, on one connection after another, until the slice ends. */
  function pace(): void {
    const begunAt = performance.now()
    let sent = 0
    const timer = setInterval(() => {
      const now = Math.min(performance.now(), endsAt)
      const due = Math.floor(((now - begunAt) / 1_000) * perSecond)
      for (; sent < due; sent++) send(sent % connections.length, 1)
      if (now < endsAt) return
      clearInterval(timer)
      if (waiting === 0) settle?.()
    }, 1)
  }

  async function run(sliceMs: number): Promise<number> {
    answered = 0
    endsAt = performance.now() + sliceMs
    const settled = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${waiting} answers are missing`)), sliceMs + PATIENCE_MS)
      settle = () => {
        if (performance.now() < endsAt) return
        clearTimeout(timer)
        resolve()
      }
    })
    if (perSecond > 0) pace()
    else for (let seat = 0; seat < connections.length; seat++) send(seat, inFlight)
    await settled
    return answered
  }

  return { begin, redeem, run, latencies }
}
