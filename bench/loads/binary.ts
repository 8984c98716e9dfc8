import { randomBytes } from 'node:crypto'
import { BINARY, createFrame, createNumberedFrame, type NumberedFrame } from '../frames.js'
import { readNumber } from './echo.js'
import { createExpectation } from './expectation.js'
import { type Job, type Load, openConnections, unwrap } from './job.js'
import { createRally, DIGITS } from './rally.js'

/*
 * The load of the binary scenario: events with one kilobyte of binary data, acked with the same data.
 */

const BYTES = 1_024
const placeholder = { _placeholder: true, num: 0 }

export function createBinaryLoad(job: Job): Load {
  const { dialect, scenario } = job
  const data = randomBytes(BYTES)
  const text = createNumberedFrame(
    dialect.binaryEventHead,
    DIGITS,
    `${dialect.eventMiddle(scenario.event)}${JSON.stringify(placeholder)}]`,
  )
  const rally = createRally(scenario, [followed(text, createFrame(BINARY, data))])
  const replies = createExpectation(() => placeholder, unwrap(job))
  const head = Buffer.from(dialect.binaryAckHead)
  // the ack id whose attachment comes next, for each connection
  const announced: number[] = []

  function hear(seat: number, opcode: number, buffer: Buffer, start: number, end: number): void {
    if (opcode === BINARY) {
      if (data.compare(buffer, start, end) !== 0) throw new Error('not the data that were sent')
      rally.redeem(seat, announced[seat] as number)
      return
    }
    const digits = start + head.length
    if (head.compare(buffer, start, digits) !== 0) throw new Error(`no ack: ${buffer.toString('utf8', start, end)}`)
    announced[seat] = readNumber(buffer, digits)
    replies.check(0, buffer, digits + DIGITS + 1, end - 1)
  }

  async function open(): Promise<void> {
    rally.begin(await openConnections(job), hear)
  }

  return { open, run: rally.run, latencies: rally.latencies }
}

function followed(frame: NumberedFrame, next: Buffer): NumberedFrame {
  const length = frame.length + next.length
  return {
    length,
    write(target, at, number) {
      next.copy(target, at + frame.write(target, at, number))
      return length
    },
  }
}
