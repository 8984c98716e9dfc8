import type { Namespace, ServerOptions } from 'socket.io'
import { RecoveringAdapter } from './recovery-adapter.js'
import { RecoveryBudget } from './recovery-budget.js'
import type { RecoverySettings } from './recovery-settings.js'

/*
 * Replaces Socket.IO's adapter with RecoveringAdapter if the option `connectionStateRecovery` is set.
 */

// The defaults of Socket.IO and engine.io.
const DEFAULT_WAIT_MS = 120_000
const DEFAULT_PING_INTERVAL_MS = 25_000
const DEFAULT_PING_TIMEOUT_MS = 20_000

/**
 * Adds an adapter that recovers sessions to the server's options, if they turn recovery on and have no adapter.
 * `limit`: the bytes of events and sessions that all namespaces keep together; 0 turns it off. The oldest are dropped first.
 */
export function withRecovery<Options extends Partial<ServerOptions>>(
  options: Options,
  { limit, ...settings }: Pick<RecoverySettings, 'isJoined' | 'ownerOf' | 'now'> & { readonly limit: number },
): Options {
  const { connectionStateRecovery: recovery, adapter } = options
  if (!recovery || adapter) return options
  const { pingInterval = DEFAULT_PING_INTERVAL_MS, pingTimeout = DEFAULT_PING_TIMEOUT_MS } = options
  const { maxDisconnectionDuration: waitMs = DEFAULT_WAIT_MS } = recovery
  const keepMs = waitMs + pingInterval + pingTimeout
  const common = { ...settings, waitMs, keepMs, budget: new RecoveryBudget(limit) }
  function createAdapter(namespace: Namespace): RecoveringAdapter {
    return new RecoveringAdapter(namespace, common)
  }
  return { ...options, adapter: createAdapter }
}
