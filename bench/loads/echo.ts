import { createFrame, createNumberedFrame, TEXT } from '../frames.js'
import { createInvalidMessage, createMessage, VARIANTS } from '../message.js'
import { createExpectation } from './expectation.js'
import { type Job, type Load, openLanes } from './job.js'
import type { Lane } from './lane.js'

/*
 * Events that want an ack: each socket has some in flight, and sends the next when one comes back; or all send so many
 * a second. What one socket sends while it reads one chunk goes out in one write.
 */

const DIGITS = 6
const FIRST_ID = 10 ** (DIGITS - 1)
const IDS = 10 ** DIGITS
const PATIENCE_MS = 10_000

export function createEchoLoad(job: Job): Load {
  const { dialect, scenario } = job
  const frames = Array.from({ length: VARIANTS }, (_, index) =>
    createNumberedFrame(
      dialect.eventHead,
      DIGITS,
      `${dialect.eventMiddle(scenario.event)}${JSON.stringify(createMessage(index))}]`,
    ),
  )
  const frameBytes = (frames[0] as { length: number }).length
  const replies = createExpectation(
    (kind) => ({ id: createMessage(kind).id, ok: true }),
    (value) =>
      job.hasEnvelope ? (value as { ok: boolean; data: unknown }).ok && (value as { data: unknown }).data : value,
  )
  const ackHead = Buffer.from(dialect.ackHead)
  const latencies: number[] = []
  // by ack id: when it was sent, and on which lane, counted from 1
  const sentAt = new Float64Array(IDS)
  const lanesOf = new Uint16Array(IDS)
  let lanes: Lane[] = []
  let nextId = FIRST_ID
  let waiting = 0
  let answered = 0
  let endsAt = 0
  let settle: (() => void) | undefined

  function send(laneNumber: number, count: number): void {
    const data = Buffer.allocUnsafe(count * frameBytes)
    const now = performance.now()
    for (let index = 0; index < count; index++) {
      if (lanesOf[nextId] !== 0) throw new Error(`${IDS} messages later there is no ack for ${nextId}`)
      sentAt[nextId] = now
      lanesOf[nextId] = laneNumber
      const frame = frames[nextId % VARIANTS] as (typeof frames)[number]
      frame.write(data, index * frameBytes, nextId)
      nextId = nextId + 1 === IDS ? FIRST_ID : nextId + 1
    }
    waiting += count
    lanes[laneNumber - 1]?.write(data)
  }

  function receive(laneNumber: number, buffer: Buffer, start: number, end: number): void {
    const digits = start + ackHead.length
    if (ackHead.compare(buffer, start, digits) !== 0) throw new Error(`no ack: ${buffer.toString('utf8', start, end)}`)
    let id = 0
    for (let at = digits; at < digits + DIGITS; at++) id = id * 10 + (buffer[at] as number) - 0x30
    if (lanesOf[id] !== laneNumber)
      throw new Error(`an ack that nobody waits for: ${buffer.toString('utf8', start, end)}`)
    lanesOf[id] = 0
    // without what is before and behind the reply, `[` or `,` and `]`
    replies.check(id % VARIANTS, buffer, digits + DIGITS + 1, end - 1)
    latencies.push(performance.now() - (sentAt[id] as number))
    answered++
    waiting--
  }

  function attend(lane: Lane, laneNumber: number): void {
    let received = 0
    lane.hear = (_opcode, buffer, start, end) => {
      receive(laneNumber, buffer, start, end)
      received++
    }
    lane.chunkEnd = () => {
      const count = received
      received = 0
      if (count > 0 && scenario.perSecond === 0 && performance.now() < endsAt) send(laneNumber, count)
      else if (waiting === 0) settle?.()
    }
  }

  /** Sends what is due, each lane in its turn, until the slice ends. */
  function pace(): void {
    const begunAt = performance.now()
    let sent = 0
    const timer = setInterval(() => {
      const now = Math.min(performance.now(), endsAt)
      const due = Math.floor(((now - begunAt) / 1_000) * scenario.perSecond)
      for (; sent < due; sent++) send((sent % lanes.length) + 1, 1)
      if (now < endsAt) return
      clearInterval(timer)
      if (waiting === 0) settle?.()
    }, 1)
  }

  async function run(sliceMs: number): Promise<number> {
    answered = 0
    endsAt = performance.now() + sliceMs
    const settled = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${waiting} acks are missing`)), sliceMs + PATIENCE_MS)
      settle = () => {
        if (performance.now() < endsAt) return
        clearTimeout(timer)
        resolve()
      }
    })
    if (scenario.perSecond > 0) pace()
    else for (let number = 1; number <= lanes.length; number++) send(number, scenario.inFlight)
    await settled
    return answered
  }

  async function open(): Promise<void> {
    lanes = await openLanes(job)
    if (scenario.event === 'echo') await seeRefusal(job, lanes[0] as Lane)
    for (const [index, lane] of lanes.entries()) attend(lane, index + 1)
  }

  return { open, run, latencies }
}

/** Sends what is invalid and, behind it, what is not: only the second may be accepted. */
async function seeRefusal({ dialect, scenario, hasEnvelope }: Job, lane: Lane): Promise<void> {
  const texts: string[] = []
  const send = (id: number, payload: unknown) =>
    lane.write(
      createFrame(
        TEXT,
        Buffer.from(`${dialect.eventHead}${id}${dialect.eventMiddle(scenario.event)}${JSON.stringify(payload)}]`),
      ),
    )
  const accepted = (id: number) =>
    texts.some(
      (text) =>
        text.startsWith(`${dialect.ackHead}${id}`) && text.includes(hasEnvelope ? '"ok":true,"data"' : '"ok":true'),
    )
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`a valid message was not accepted: ${texts}`)), PATIENCE_MS)
    lane.hear = (_opcode, buffer, start, end) => {
      texts.push(buffer.toString('utf8', start, end))
      if (!accepted(2)) return
      clearTimeout(timer)
      // whatever takes longer to check than the second
      setTimeout(resolve, 50)
    }
    send(1, createInvalidMessage())
    send(2, createMessage(0))
  })
  if (accepted(1)) throw new Error(`an invalid message was accepted: ${texts}`)
}
