import { type DefaultEventsMap, type Namespace, Socket } from 'socket.io'
import type { CheckEmit } from './codec.js'
import type { Contract } from './contract.js'
import type { AskOptions, Audience } from './definition.js'
import { FST_NSP_ANSWER_INVALID, FST_NSP_ANSWER_TIMEOUT, FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN } from './errors.js'
import { isThenable, recast } from './sequence.js'

/*
 * Outgoing events. Whoever emits, and however (`socket.emit`, `namespace.to(room).emit`, an adapter), the event passes
 * the encoder once, and there its payload is checked: once for a broadcast, never per socket.
 */

const DEFAULT_ANSWER_TIMEOUT_MS = 10_000

/**
 * Makes the encoder's check.
 * in: the contract of a live namespace, by its name, and whether an undeclared emit is an error (in development).
 * throws FST_NSP_EMIT_UNKNOWN, FST_NSP_EMIT_INVALID.
 */
export function createEmitCheck(contractOf: (namespace: string) => Contract | undefined, isStrict: boolean): CheckEmit {
  return (namespace, event, args) => {
    if (args[0] instanceof Checked) return [args[0].value, ...args.slice(1)]
    const contract = contractOf(namespace)
    if (!contract?.hasEmits) return args
    const emit = contract.emits.get(event)
    if (!emit) {
      if (isStrict) throw new FST_NSP_EMIT_UNKNOWN(event, namespace)
      return args
    }
    if (!emit.checkPayload) return args
    const [payload, ...rest] = args
    const checked = recast(
      () => emit.checkPayload?.(payload),
      (error) => {
        throw new FST_NSP_EMIT_INVALID(event, namespace, (error as Error).message)
      },
    )
    if (!isThenable(checked)) return [checked, ...rest]
    checked.then(undefined, () => {})
    throw new FST_NSP_EMIT_INVALID(event, namespace, 'it is asynchronous, and an emit can not wait')
  }
}

/** A payload that was checked before it went to several sockets one by one. */
class Checked {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** What Socket.IO's sockets, here or on another node, have for an emit that is answered. */
interface Askable {
  readonly id: string
  timeout(ms: number): { emitWithAck(event: string, ...args: unknown[]): Promise<unknown> }
}

/** Asks one socket. Rejects with FST_NSP_ANSWER_TIMEOUT, also when it leaves before, or with FST_NSP_ANSWER_INVALID. */
export async function ask(contract: Contract, socket: Askable, event: string, ...rest: unknown[]): Promise<unknown> {
  const [payload, { timeoutMs = DEFAULT_ANSWER_TIMEOUT_MS } = {}] = rest as [unknown, AskOptions?]
  const args = payload === undefined ? [] : [payload]
  const answered = socket.timeout(timeoutMs).emitWithAck(event, ...args)
  const answer = await (socket instanceof Socket ? untilLeft(socket, answered) : answered).catch((error: Error) => {
    throw error.message === 'operation has timed out' ? new FST_NSP_ANSWER_TIMEOUT(event) : error
  })
  const check = contract.emits.get(event)?.checkReply
  if (!check) return answer
  try {
    return await check(answer)
  } catch (error) {
    throw new FST_NSP_ANSWER_INVALID(event, (error as Error).message)
  }
}

/** Waits for an answer of a socket while it is there; Socket.IO would wait for one who has left until the time is up. */
function untilLeft(socket: Socket, answered: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(new Error('operation has timed out'))
    if (!socket.connected) leave()
    socket.once('disconnect', leave)
    answered.then(resolve, reject).finally(() => socket.off('disconnect', leave))
  })
}

/** What Socket.IO's broadcast operators have for us. */
interface Operator {
  to(room: string | string[]): Operator
  except(room: string | string[]): Operator
  emit(event: string, ...args: unknown[]): boolean
  fetchSockets(): Promise<Askable[]>
}

/** Makes the audience of some rooms from Socket.IO's own operator. */
export function createAudience(
  operator: Operator,
  namespace: Namespace,
  contract: Contract,
  checkEmit: CheckEmit,
): Audience<DefaultEventsMap> {
  const audience = {
    emit: (event: string, ...args: unknown[]) => operator.emit(event, ...args),
    to: (room: string | string[]) => createAudience(operator.to(room), namespace, contract, checkEmit),
    except: (room: string | string[]) => createAudience(operator.except(room), namespace, contract, checkEmit),
    async ask(event: string, payload?: unknown, options?: AskOptions) {
      const [checked] = payload === undefined ? [] : checkEmit(namespace.name, event, [payload])
      const sockets = await operator.fetchSockets()
      const answers = new Map<string, unknown>()
      const missing: string[] = []
      await Promise.all(
        sockets.map((remote) => {
          // Of this node we have the socket itself, and know when it leaves; another node checks for itself.
          const local = namespace.sockets.get(remote.id)
          const sent = local && payload !== undefined ? new Checked(checked) : payload
          return ask(contract, local ?? remote, event, sent, options).then(
            (answer) => answers.set(remote.id, answer),
            () => missing.push(remote.id),
          )
        }),
      )
      return { answers, missing }
    },
  }
  return audience as unknown as Audience<DefaultEventsMap>
}

/** Bounds the rooms of a socket, whoever joins them. */
export function boundRooms(socket: Socket, limit: number, refuse: () => Error): void {
  if (limit === 0) return
  const { join } = socket
  socket.join = (rooms) => {
    const added = [rooms].flat().filter((room) => !socket.rooms.has(room))
    // its own room, named by its id, is not counted
    if (socket.rooms.size - 1 + added.length > limit) throw refuse()
    return join.call(socket, rooms)
  }
}
