import type { FastifyInstance } from 'fastify'
import type { NodeCommand } from './conformance-node.js'
import type { RoomRecord } from './room-application.js'

/*
 * The commands of a node of the conformance suite.
 */

/** Whom an emit goes to, and how. */
export interface EmitOptions {
  readonly rooms?: readonly string[]
  readonly except?: readonly string[]
  readonly isLocal?: boolean
  readonly isVolatile?: boolean
}

type RunCommand = (...args: never[]) => unknown

const ANSWERS_MS = 8_000

/** The bytes that `emitBytes` sends. */
export function createBytes(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, index) => index % 251))
}

/** Creates the commands of an application. */
export function createNodeCommands(app: FastifyInstance, record: RoomRecord): Record<NodeCommand, RunCommand> {
  function audience(address: string, options: EmitOptions = {}) {
    const [, id] = /^\/rooms\/(.+)$/.exec(address) ?? []
    const all = id === undefined ? app.namespaceOf(address) : app.namespaceOf('/rooms/:id', { id })
    const { rooms = [], except = [], isLocal = false, isVolatile = false } = options
    let chosen = all.except([...except])
    if (rooms.length > 0) chosen = chosen.to([...rooms])
    if (isLocal) chosen = chosen.local
    return isVolatile ? chosen.volatile : chosen
  }
  const lobby = () => app.io.of('/lobby')

  return {
    emit: (address: string, event: string, payload: unknown, options?: EmitOptions) =>
      audience(address, options).emit(event, payload),
    emitBytes: (address: string, size: number) => audience(address).emit('bytes', { data: createBytes(size) }),
    emitBigInt: (address: string) => audience(address).emit('bytes', { data: 10n }),
    ask: async (address: string, payload: unknown, timeoutMs = ANSWERS_MS) => {
      const { answers, missing } = await audience(address).ask('question', payload, { timeoutMs })
      return { answers: [...answers.values()].sort(), missing: missing.length }
    },
    emitWithAck: async (address: string, payload: unknown) =>
      (await audience(address).timeout(ANSWERS_MS).emitWithAck('question', payload)).sort(),
    fetchSockets: async (address: string, options?: EmitOptions) =>
      (await audience(address, options).fetchSockets()).map(({ id, rooms, data }) => ({ id, rooms: [...rooms], data })),
    socketsJoin: (address: string, room: string) => app.io.of(address).socketsJoin(room),
    socketsLeave: (address: string, room: string) => app.io.of(address).socketsLeave(room),
    disconnectSockets: (address: string, options: EmitOptions) => audience(address, options).disconnectSockets(),
    serverSideEmit: (payload: unknown) => lobby().serverSideEmit('server-side', payload),
    serverSideEmitBigInt: () => lobby().serverSideEmit('server-side', { data: 10n }),
    serverSideEmitWithAck: (payload: unknown) => lobby().serverSideEmitWithAck('server-side', payload),
    heard: () => [...record.heard],
    userOf: (user: string, event: string, payload: unknown) => app.userOf(user).emit(event, payload),
    disconnectUser: (user: string) => app.disconnectUser(user),
    created: () => [...record.created],
    runs: (key: string) => record.runs.get(key),
    block: (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
    faults: () => record.faults,
  }
}
