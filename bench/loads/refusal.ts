import { NAMESPACE } from '../application.js'
import { createFrame, TEXT } from '../frames.js'
import { createInvalidMessage, createMessage } from '../message.js'
import type { Job } from './job.js'
import { join, openConnection } from './load-connection.js'

/*
 * Checks once that a contender refuses an invalid message and accepts a valid one.
 */

const PATIENCE_MS = 10_000
// Some contenders take longer to refuse a message than to accept one.
const LINGER_MS = 50

/** Sends an invalid message and then a valid one. Rejects unless only the valid one is accepted. */
export async function seeRefusal({ port, dialect, scenario, hasEnvelope }: Job): Promise<void> {
  // A connection of its own, because a refusal may be late, and not every contender sends it as an ack.
  const connection = await openConnection({ port, dialect, seat: scenario.sockets })
  if (dialect.hasEngine) await join(connection, NAMESPACE)
  const accepted = hasEnvelope ? '{"ok":true,"data":{' : '"ok":true}'
  const heard: string[] = []
  const isAccepted = (id: number) =>
    heard.some((text) => text.startsWith(dialect.ackHead + id) && text.includes(accepted))
  const send = (id: number, payload: object) => {
    const text = dialect.eventHead + id + dialect.eventMiddle(scenario.event) + JSON.stringify(payload)
    connection.write(createFrame(TEXT, Buffer.from(`${text}]`)))
  }
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`a valid message was not accepted: ${heard}`)), PATIENCE_MS)
    connection.hear = (_opcode, buffer, start, end) => {
      heard.push(buffer.toString('utf8', start, end))
      if (!isAccepted(2)) return
      clearTimeout(timer)
      setTimeout(resolve, LINGER_MS)
    }
    send(1, createInvalidMessage())
    send(2, createMessage(0))
  })
  connection.close()
  if (isAccepted(1)) throw new Error(`an invalid message was accepted: ${heard}`)
}
