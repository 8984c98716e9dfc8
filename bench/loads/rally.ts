import type { NumberedFrame } from '../frames.js'
import type { Scenario } from '../scenarios.js'
import type { Lane } from './lane.js'

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
    lanes: readonly Lane[],
    hear: (lane: number, opcode: number, buffer: Buffer, start: number, end: number) => void,
  ): void
  /** Counts an answer. Throws if the connection has not sent a message with that id. */
  redeem(lane: number, id: number): void
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
  let lanes: readonly Lane[] = []
  let nextId = FIRST_ID
  let waiting = 0
  let answered = 0
  let endsAt = 0
  let settle: (() => void) | undefined

  function send(lane: number, count: number): void {
    const data = Buffer.allocUnsafe(count * (frames[0] as NumberedFrame).length)
    const now = performance.now()
    let at = 0
    for (let index = 0; index < count; index++) {
      if (sentBy[nextId] !== 0) throw new Error(`a round of ids later nobody has answered ${nextId}`)
      sentAt[nextId] = now
      sentBy[nextId] = lane + 1
      at += (frames[nextId % frames.length] as NumberedFrame).write(data, at, nextId)
      nextId = nextId + 1 === IDS ? FIRST_ID : nextId + 1
    }
    waiting += count
    lanes[lane]?.write(data)
  }

  function redeem(lane: number, id: number): void {
    if (sentBy[id] !== lane + 1) throw new Error(`an answer to ${id}, which this socket does not wait for`)
    sentBy[id] = 0
    latencies.push(performance.now() - (sentAt[id] as number))
    answered++
    waiting--
    spare[lane] = (spare[lane] as number) + 1
  }

  function goOn(lane: number): void {
    const count = spare[lane] as number
    spare[lane] = 0
    if (count > 0 && perSecond === 0 && performance.now() < endsAt) send(lane, count)
    else if (waiting === 0) settle?.()
  }

  function begin(all: readonly Lane[], hear: Parameters<Rally['begin']>[1]): void {
    lanes = all
    for (const [index, lane] of all.entries()) {
      spare[index] = 0
      lane.hear = (opcode, buffer, start, end) => hear(index, opcode, buffer, start, end)
      lane.chunkEnd = () => goOn(index)
    }
  }

  /** Sends at `perSecond`, on one connection after another, until the slice ends. */
  function pace(): void {
    const begunAt = performance.now()
    let sent = 0
    const timer = setInterval(() => {
      const now = Math.min(performance.now(), endsAt)
      const due = Math.floor(((now - begunAt) / 1_000) * perSecond)
      for (; sent < due; sent++) send(sent % lanes.length, 1)
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
    else for (let lane = 0; lane < lanes.length; lane++) send(lane, inFlight)
    await settled
    return answered
  }

  return { begin, redeem, run, latencies }
}
