import type { ContenderName } from './contenders.js'

/*
 * The scenarios that are measured, as data.
 */

export interface Scenario {
  readonly id: string
  readonly title: string
  readonly kind: 'echo' | 'broadcast' | 'relay' | 'stream' | 'connect' | 'join' | 'heap' | 'startup'
  /** The unit of the figure, e.g. `µs CPU a message`. */
  readonly unit: string
  /** The event that is sent. */
  readonly event: string
  readonly sockets: number
  /** Messages of one socket that wait for their ack at the same time. */
  readonly inFlight: number
  /** Messages a second of all sockets together; 0: the next message follows an ack. */
  readonly perSecond: number
  /** How many sockets receive one broadcast. */
  readonly deliveries: number
  /** How many sockets of a team send, in the relay scenarios. */
  readonly senders: number
  readonly namespaces: number
  /** How many operations each contender runs before the measurement. Joining needs many: it is a lot of code, called seldom. */
  readonly warmUp: number
  /** Whether joining has an asynchronous hook. */
  readonly hasHook: boolean
  /** Whether asynchronous hooks and handlers, onAny, namespace.use and socket.use are in use. */
  readonly hasEverything: boolean
  /** Whether the emit is not declared, for contenders that declare emits. */
  readonly isUndeclared: boolean
  /** Contenders that have no way of their own to do it, or do the same as in another scenario. */
  readonly without: readonly ContenderName[]
}

const echo: Omit<Scenario, 'id' | 'title'> = {
  kind: 'echo',
  unit: 'µs CPU a message',
  event: 'echo',
  sockets: 100,
  inFlight: 4,
  perSecond: 0,
  deliveries: 1,
  senders: 0,
  namespaces: 1,
  warmUp: 0,
  hasHook: false,
  hasEverything: false,
  isUndeclared: false,
  without: [],
}
const broadcast: typeof echo = {
  ...echo,
  kind: 'broadcast',
  unit: 'µs CPU a delivery',
  event: 'shout',
  sockets: 500,
  deliveries: 500,
}
const relay: typeof echo = {
  ...echo,
  kind: 'relay',
  unit: 'µs CPU a move',
  inFlight: 1,
  deliveries: 9,
  senders: 10,
  without: ['ws', 'zod-sockets', 'socket-controllers', 'nest'],
}
const join: typeof echo = {
  ...echo,
  kind: 'join',
  unit: 'µs CPU a join',
  sockets: 20,
  hasHook: true,
  namespaces: 3,
  warmUp: 20_000,
  without: ['ws', 'zod-sockets'],
}
const heap: typeof echo = { ...echo, kind: 'heap', unit: 'KB heap a connection', sockets: 2_000 }

export const SCENARIOS: readonly Scenario[] = [
  { ...echo, id: 'echo-4', title: 'validated echo, 100 sockets x 4 in flight' },
  { ...echo, id: 'echo-1', title: 'validated echo, 100 sockets x 1 in flight', inFlight: 1 },
  { ...echo, id: 'raw-4', title: 'unvalidated echo, 100 sockets x 4 in flight', event: 'raw' },
  { ...echo, id: 'paced', title: 'validated echo, 5,000 a second over 100 sockets', perSecond: 5_000 },
  { ...echo, id: 'binary', title: 'binary echo of 1 KB, 100 sockets x 4 in flight', event: 'binary', without: ['ws'] },
  {
    ...echo,
    id: 'features',
    title: 'every feature in use, 100 sockets x 4 in flight',
    hasEverything: true,
    without: ['ws', 'ours plain', 'nest', 'zod-sockets', 'socket-controllers'],
  },
  { ...broadcast, id: 'broadcast-500', title: 'broadcast to 500' },
  { ...broadcast, id: 'broadcast-1000', title: 'broadcast to 1,000', sockets: 1_000, deliveries: 1_000 },
  {
    ...broadcast,
    id: 'undeclared-500',
    title: 'broadcast to 500, of an emit that is not declared',
    isUndeclared: true,
    without: ['ws', 'ours plain', 'fastify-socket.io', 'nest', 'zod-sockets', 'socket-controllers'],
  },
  { ...broadcast, id: 'rooms', title: 'to a room of 50 among 500', event: 'shout:room', deliveries: 50 },
  {
    ...broadcast,
    id: 'except',
    title: 'to 450 of 500, except a room',
    event: 'shout:others',
    deliveries: 450,
    without: ['ws', 'zod-sockets'],
  },
  { ...relay, id: 'relay', title: 'cursors: volatile relay to 9 others, 100 sockets x 1 in flight', event: 'move' },
  { ...relay, id: 'relay-lone', title: 'one cursor a team: volatile relay to 9 others', event: 'move', senders: 1 },
  {
    ...relay,
    id: 'relay-4',
    title: 'drawing: relay to 9 others, 100 sockets x 4 in flight',
    event: 'draw',
    inFlight: 4,
  },
  {
    ...echo,
    id: 'stream',
    title: 'streams of 1,000 items of 100 bytes, 20 sockets',
    kind: 'stream',
    unit: 'µs CPU an item',
    event: 'items',
    sockets: 20,
    inFlight: 1,
    without: ['ws', 'ours plain', 'fastify-socket.io', 'nest', 'zod-sockets', 'socket-controllers'],
  },
  {
    ...join,
    id: 'connect',
    title: 'WebSocket handshake and join, one async hook',
    kind: 'connect',
    unit: 'µs CPU a connection',
    warmUp: 8_000,
  },
  // The first namespace stays joined, the others alternate: a join right after a leave of the same namespace in one chunk would
  // find the old socket.
  { ...join, id: 'join', title: 'join on a connection that is there, one async hook' },
  { ...heap, id: 'heap-1', title: "idle connection in one namespace, a browser's headers" },
  {
    ...heap,
    id: 'heap-5',
    title: "idle connection in five namespaces, a browser's headers",
    namespaces: 5,
    without: ['ws'],
  },
  {
    ...echo,
    id: 'startup',
    title: 'start-up, 100 namespaces x 10 events, each with its own schema',
    kind: 'startup',
    unit: 'ms',
    namespaces: 100,
    without: ['ws', 'ours plain'],
  },
]
