/*
 * What a chaos run can be of.
 */

/**
 * `redis`, `postgres`, `cluster`: the plugin with its own adapter of this type. `streams`: the plugin with
 * @socket.io/redis-streams-adapter. `bare`: Socket.IO with @socket.io/redis-streams-adapter.
 */
export type Contender = 'redis' | 'postgres' | 'cluster' | 'streams' | 'bare'

export const CONTENDERS: readonly Contender[] = ['redis', 'postgres', 'cluster', 'streams', 'bare']

/** Those that keep our promises. */
export const hasOurAdapter = (contender: string): boolean => ['redis', 'postgres', 'cluster'].includes(contender)
