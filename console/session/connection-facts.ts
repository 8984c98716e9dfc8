import type { Manager } from 'socket.io-client'
import type { LogStore } from '../log/log-types.js'
import type { Writable } from '../shared/writable.js'
import type { Network } from './network.js'
import type { ConnectionState } from './session-types.js'

interface FactParts {
  readonly identity: number
  readonly manager: Manager
  readonly network: Network
  readonly log: LogStore
  readonly connection: Writable<ConnectionState>
  /** Whether a namespace needs the connection. */
  readonly isWanted: () => boolean
}

/**
 * Follows a connection.
 *
 * @returns a function to call when something else has changed: what is wanted, or the network
 */
export function followConnection({ identity, manager, network, log, connection, isWanted }: FactParts): () => void {
  let isOpen = false
  let hasOpened = false
  let isLost = false
  let reconnects = 0
  let reason: string | undefined

  function show(): void {
    const blockedUntil = network.blockedUntil()
    const { engine } = manager
    connection.set({
      status: statusOf(blockedUntil),
      ...network.counts(),
      reconnects,
      ...(isOpen && { transport: engine.transport.name, id: (engine as unknown as { readonly id: string }).id }),
      ...(reason !== undefined && { reason }),
      ...(blockedUntil !== undefined && { blockedUntil }),
    })
  }

  function statusOf(blockedUntil: number | undefined): ConnectionState['status'] {
    if (blockedUntil !== undefined) return 'blocked'
    if (isOpen) return 'connected'
    if (!isWanted()) return 'idle'
    return hasOpened ? 'reconnecting' : 'connecting'
  }

  function tell(words: string, args: readonly unknown[], isError = false): void {
    log.add({ kind: 'note', identity, address: '', event: words, args, isError })
    show()
  }

  manager.on('open', () => {
    const { engine } = manager
    isOpen = true
    hasOpened = true
    if (isLost) reconnects++
    isLost = false
    reason = undefined
    engine.on('upgrade', ({ name }) => tell('upgraded', [name]))
    tell('connected', [engine.transport.name])
  })
  manager.on('close', (why) => {
    isOpen = false
    isLost = isWanted()
    reason = why
    tell('connection closed', [why])
  })
  manager.on('error', ({ message }) => {
    // It fails in the same way many times.
    if (reason === message) return
    reason = message
    tell('no connection', [message], true)
  })
  return show
}
