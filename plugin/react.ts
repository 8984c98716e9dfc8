/*
 * The subpath export `fastify-namespaces/react`: hooks for React over the client.
 */

export type { CallUse, StreamUse, UseStreamOptions } from './client/react/hook-types.js'
export { useCall } from './client/react/use-call.js'
export { useEvent } from './client/react/use-event.js'
export { useJoinState } from './client/react/use-join-state.js'
export { useNamespace } from './client/react/use-namespace.js'
export { usePresence } from './client/react/use-presence.js'
export { useRoom } from './client/react/use-room.js'
export { useStream } from './client/react/use-stream.js'
