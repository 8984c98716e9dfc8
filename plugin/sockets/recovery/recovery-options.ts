import type { Namespace, ServerOptions } from 'socket.io'
import { RecoveringAdapter } from './recovery-adapter.js'
import { RecoveryBudget } from './recovery-budget.js'
import type { RecoverySettings } from './recovery-settings.js'

/*
 * Turns Socket.IO's option `connectionStateRecovery` into an adapter of ours.
 */

// Socket.IO's and engine.io's own.
const DEFAULT_WAIT_MS = 120_000
const DEFAULT_PING_INTERVAL_MS = 25_000
const DEFAULT_PING_TIMEOUT_MS = 20_000

/**
 * Completes the server's options with an adapter that recovers sessions, if they ask for it and bring none.
 * limit: bytes of events and sessions that all namespaces keep together, 0 for no bound; the oldest go first.
 */
export function withRecovery<Options extends Partial<ServerOptions>>(
  options: Options,
  { limit, ...settings }: Pick<RecoverySettings, 'isWhole' | 'ownerOf' | 'now'> & { readonly limit: number },
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
