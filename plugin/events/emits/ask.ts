import { Socket } from 'socket.io'
import type { AskOptions } from '../../definition/emit-types.js'
import type { Check } from '../../schema/schema.js'
import { FST_NSP_ANSWER_INVALID, FST_NSP_ANSWER_TIMEOUT } from '../../shared/errors.js'

/*
 * `ask`: an emit that waits for the client's answer and checks it.
 */

const DEFAULT_ANSWER_TIMEOUT_MS = 10_000

/** The part that a Socket and a RemoteSocket of Socket.IO share. */
export interface Askable {
  readonly id: string
  timeout(ms: number): { emitWithAck(event: string, ...args: unknown[]): Promise<unknown> }
}

/**
 * Asks one socket.
 *
 * @param check - checks the answer
 * @throws FST_NSP_ANSWER_TIMEOUT, also if the socket leaves first, or FST_NSP_ANSWER_INVALID
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
 * Checks the answers to an emit.
 *
 * @param failure - the error of Socket.IO, most often a timeout
 * @returns the valid answers, and the first error: FST_NSP_ANSWER_TIMEOUT, FST_NSP_ANSWER_INVALID
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

/** Socket.IO's timeout error has no code, only this message. */
function toTimeout(error: Error, event: string): Error {
  return error.message === 'operation has timed out' ? new FST_NSP_ANSWER_TIMEOUT(event) : error
}

/** Waits for the answer until the socket leaves. Socket.IO alone would wait for a socket that has left until the timeout. */
function untilLeft(socket: Socket, emit: () => Promise<unknown>): Promise<unknown> {
  const { nsp } = socket
  const { acks } = socket as unknown as { readonly acks: Map<number, () => void> }
  const id = nsp._ids
  const answered = emit()
  const isSent = nsp._ids > id
  // Deletes the pending ack and clears its timer, which would keep the process running.
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
