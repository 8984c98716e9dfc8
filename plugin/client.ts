import type { Socket } from 'socket.io-client'
import type { EmitEvents, NamespaceDefinition } from './definition.js'

/*
 * For front ends: types only, nothing of it is left at run time.
 */

/**
 * The stock client's socket, knowing what the namespace of this definition sends.
 *
 * @example
 * import type { chat } from '../server/chat.js'
 * const socket: ClientSocket<typeof chat> = manager.socket('/chat')
 * socket.on('message:new', (message) => {})
 */
export type ClientSocket<Definition> = Socket<
  Definition extends NamespaceDefinition<infer Emits> ? EmitEvents<Emits> : never
>
