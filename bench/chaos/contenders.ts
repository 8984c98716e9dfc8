/*
 * What a chaos run can be of.
 */

/**
 * `redis`: the plugin with its own adapter. `streams`: the plugin with @socket.io/redis-streams-adapter. `bare`: Socket.IO with
 * @socket.io/redis-streams-adapter.
 */
export type Contender = 'redis' | 'streams' | 'bare'

export const CONTENDERS: readonly Contender[] = ['redis', 'streams', 'bare']
