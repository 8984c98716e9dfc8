import type { EventEmitter } from 'node:events'
import { contain } from '../../shared/maybe-async.js'
import { type AdapterInternals, replaceMethod } from './adapter-internals.js'

/*
 * What a broker delivers never throws into an adapter. The reader of redis-streams would read the same entry again and again,
 * and whatever the adapter of redis throws or rejects would end the process.
 */

// The methods that maintained adapters call with what a broker delivers. None of them expects a throw.
const METHODS = ['onMessage', 'onResponse', 'onRawMessage', 'onmessage', 'onrequest', 'onresponse']

/** The members of the adapter of redis that are used here. */
interface RedisMembers {
  /** By the event of the client. */
  readonly redisListeners: Map<string, (...args: unknown[]) => void>
  readonly subClient: EventEmitter
}

/** Guards an adapter of one namespace. `report` is called with what it throws or rejects. */
export function guardIncoming(adapter: AdapterInternals, report: (error: unknown) => void): void {
  for (const method of METHODS) replaceMethod(adapter, method, (stock, args) => contain(() => stock(...args), report))
  const { redisListeners, subClient } = adapter as unknown as Partial<RedisMembers>
  if (!subClient) return
  // With ioredis it binds its methods in its constructor, before they can be replaced. With `redis` it adds no listener.
  for (const [event, listener] of redisListeners ?? []) {
    if (!subClient.listeners(event).includes(listener)) continue
    const contained = (...args: unknown[]) => contain(() => listener(...args), report)
    subClient.off(event, listener).on(event, contained)
    // Its close() removes what is in there.
    redisListeners?.set(event, contained)
  }
}
