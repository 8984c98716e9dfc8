import type { FastifyBaseLogger } from 'fastify'
import { settlesWithin } from './shared/timeout.js'

/*
 * Closes what the plugin has put together, in order, in Fastify's preClose: see "A closing" in docs/architecture.md.
 */

interface ClosingParts {
  readonly handshake: { close(): void }
  readonly admission: { close(): void }
  readonly outbox: { close(): Promise<void> }
  readonly drain: { close(ms: number): Promise<boolean> }
  readonly presence: { close(): void }
  readonly io: { close(): Promise<void> }
  readonly mounts: { close(): Promise<unknown> }
  readonly listeners: { close(ms: number): Promise<void> }
  readonly injector: { close(): Promise<void> }
  readonly stores: { close(): Promise<void> }
  readonly cluster: { close(): Promise<void> }
  readonly closeTimeoutMs: number
  readonly log: FastifyBaseLogger
}

/** Returns the function that closes. Its promise resolves when Fastify may close its http server. */
export function createClosing(parts: ClosingParts): () => Promise<void> {
  const { handshake, admission, outbox, drain, presence, io, mounts, listeners, injector, stores, cluster } = parts
  const { closeTimeoutMs, log } = parts

  // io.close() closes the engine and its virtual server. Fastify closes the HTTP server itself, after this.
  return async () => {
    handshake.close()
    admission.close()
    // What is committed from now on waits for another node, or for the next start.
    await outbox.close()
    const isDrained = await drain.close(closeTimeoutMs)
    if (!isDrained) log.warn('closing without waiting longer for events in flight')
    // Before the sockets disconnect: those who are here move to other nodes.
    presence.close()
    await io.close()
    const isSettled = await settlesWithin(closeTimeoutMs, mounts.close())
    if (!isSettled) log.warn('closing without waiting longer for onConnect, onDisconnect, onFirst and onLast functions')
    await listeners.close(closeTimeoutMs)
    await injector.close()
    await stores.close()
    // After the emits of the last events and of onDisconnect functions.
    await cluster.close()
  }
}
