import { Socket } from 'socket.io'
import type { AskOptions } from '../../definition/namespace-definition.js'
import type { Check } from '../../schema/schema.js'
import { FST_NSP_ANSWER_INVALID, FST_NSP_ANSWER_TIMEOUT } from '../../shared/errors.js'

/*
 * An emit that its client answers.
 */

const DEFAULT_ANSWER_TIMEOUT_MS = 10_000

/** What Socket.IO's sockets, here or on another node, have for an emit that is answered. */
export interface Askable {
  readonly id: string
  timeout(ms: number): { emitWithAck(event: string, ...args: unknown[]): Promise<unknown> }
}

/**
 * Asks one socket; `check` is that of its answer.
 * rejects with FST_NSP_ANSWER_TIMEOUT, also when it leaves before, or with FST_NSP_ANSWER_INVALID.
 */
export async function ask(check: Check | undefined, socket: Askable, event: string, ...rest: unknown[]) {
  const [payload, { timeoutMs = DEFAULT_ANSWER_TIMEOUT_MS } = {}] = rest as [unknown, AskOptions?]
  const args = payload === undefined ? [] : [payload]
  const emit = () => socket.timeout(timeoutMs).emitWithAck(event, ...args)
  const answer = await (socket instanceof Socket ? untilLeft(socket, emit) : emit()).catch((error: Error) => {
    throw toTimeout(error, event)
  })
  if (!check) return answer
  try {
    return await check(answer)
  } catch (error) {
    throw new FST_NSP_ANSWER_INVALID(event, (error as Error).message)
  }
}

/**
 * Checks the answers to an emit that several were asked by. `failure`: what Socket.IO says of it, a time-out above all.
 * out: those that fit, and what is wrong with the others: FST_NSP_ANSWER_TIMEOUT, FST_NSP_ANSWER_INVALID.
 */
export async function screenAnswers(
  check: Check | undefined,
  event: string,
  failure: Error | null,
  given: readonly unknown[],
): Promise<{ error: Error | null; answers: unknown[] }> {
  const checked = await Promise.allSettled(given.map(async (answer) => (check ? check(answer) : answer)))
  const answers: unknown[] = []
  let error: Error | null = failure && toTimeout(failure, event)
  for (const each of checked) {
    if (each.status === 'fulfilled') answers.push(each.value)
    else error ??= new FST_NSP_ANSWER_INVALID(event, (each.reason as Error).message)
  }
  return { error, answers }
}

/** Socket.IO says by its words only that the time is up. */
function toTimeout(error: Error, event: string): Error {
  return error.message === 'operation has timed out' ? new FST_NSP_ANSWER_TIMEOUT(event) : error
}

/** Waits for an answer of a socket while it is there; Socket.IO would wait for one who has left until the time is up. */
function untilLeft(socket: Socket, emit: () => Promise<unknown>): Promise<unknown> {
  const { nsp } = socket
  const { acks } = socket as unknown as { readonly acks: Map<number, () => void> }
  const id = nsp._ids
  const answered = emit()
  const isSent = nsp._ids > id
  // An ack that nobody waits for any more, with its timer, which would hold the process.
  const forget = () => isSent && acks.get(id)?.()
  return new Promise((resolve, reject) => {
    const leave = () => {
      reject(new Error('operation has timed out'))
      forget()
    }
    if (!socket.connected) leave()
    socket.once('disconnect', leave)
    answered.then(resolve, reject).finally(() => {
      socket.off('disconnect', leave)
      forget()
    })
  })
}
