import { createNumberedFrame } from '../frames.js'
import { createMessage, VARIANTS } from '../message.js'
import { createExpectation } from './expectation.js'
import { type Job, type Load, openConnections, unwrap } from './job.js'
import { createRally, DIGITS } from './rally.js'
import { seeRefusal } from './refusal.js'

/*
 * The load of the echo scenarios: messages that are acked with their id.
 */

export function createEchoLoad(job: Job): Load {
  const { dialect, scenario } = job
  const rally = createRally(scenario, createFrames(job))
  const replies = createExpectation((kind) => ({ id: createMessage(kind).id, ok: true }), unwrap(job))
  const head = Buffer.from(dialect.ackHead)

  function hear(seat: number, _opcode: number, buffer: Buffer, start: number, end: number): void {
    const digits = start + head.length
    if (head.compare(buffer, start, digits) !== 0) throw new Error(`no ack: ${buffer.toString('utf8', start, end)}`)
    const id = readNumber(buffer, digits)
    rally.redeem(seat, id)
    // without the character before the reply, `[` or `,`, and the `]` after it
    replies.check(id % VARIANTS, buffer, digits + DIGITS + 1, end - 1)
  }

  async function open(): Promise<void> {
    const connections = await openConnections(job)
    if (scenario.event === 'echo') await seeRefusal(job)
    rally.begin(connections, hear)
  }

  return { open, run: rally.run, latencies: rally.latencies }
}

function createFrames({ dialect, scenario }: Job) {
  return Array.from({ length: VARIANTS }, (_, index) => {
    const payload = JSON.stringify(createMessage(index))
    return createNumberedFrame(dialect.eventHead, DIGITS, `${dialect.eventMiddle(scenario.event)}${payload}]`)
  })
}

/** Reads a number of DIGITS digits. */
export function readNumber(buffer: Buffer, start: number): number {
  let number = 0
  for (let at = start; at < start + DIGITS; at++) number = number * 10 + (buffer[at] as number) - 0x30
  return number
}
