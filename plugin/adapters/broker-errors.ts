import createError from '@fastify/error'

/*
 * The errors of brokers, which connect the nodes of a cluster. No message and no `cause` has the url of a broker, or a password.
 */

export const FST_NSP_BROKER_UNREACHABLE = createError<[kind: string, problem: string, remedy: string]>(
  'FST_NSP_BROKER_UNREACHABLE',
  'The broker of adapter.type %s %s: %s',
  500,
)
export const FST_NSP_BROKER_MISSING = createError<[kind: string, packageName: string]>(
  'FST_NSP_BROKER_MISSING',
  'adapter.type %s needs a client that is not installed: npm install %s',
  500,
)
export const FST_NSP_LOGS_DIFFER = createError<[node: string, theirs: number, ours: number]>(
  'FST_NSP_LOGS_DIFFER',
  'Node %s has %s as adapter.logs, and this node %s: emits to some addresses do not arrive. Stop all nodes, then start them with one value',
  500,
)
export const FST_NSP_ROOM_INVALID = createError<[type: string]>(
  'FST_NSP_ROOM_INVALID',
  'On several nodes the name of a room is a string: got a %s',
  500,
)
export const FST_NSP_BROKER_BACKLOG = createError<[bytes: number]>(
  'FST_NSP_BROKER_BACKLOG',
  'The broker is down, and %s bytes of emits wait for it (adapter.outboxBytes): retry later, or raise the option',
  503,
)
