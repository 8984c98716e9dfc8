import type { Socket } from 'socket.io-client'
import { CallError, clientError } from '../call-error.js'
import type { GapReason, JoinState } from '../client-options.js'
import { createReadable, createSubscribers, type Readable, type Subscribers } from '../readable.js'
import { startTimer } from '../timer.js'
import { createAuthRenewal } from './auth-renewal.js'
import { createBackoff } from './backoff.js'
import { createConnectAttempts } from './connect-attempts.js'
import type { ContractHashes, SharedJoinOptions } from './shared-join-options.js'
import { giveBackSocket, takeSocket } from './shared-socket.js'

/*
 * The socket of one address, from its first use to its last: joins, joins again, and says where it stands.
 */

/** Takes an item of a stream, and its id. */
type ItemReceiver = (item: unknown, itemId: unknown) => void

export interface SharedJoin {
  readonly socket: Socket
  readonly state: Readable<JoinState>
  readonly gaps: Subscribers<[reason: GapReason]>
  /** The open streams of the socket, by their ids. */
  readonly streams: Map<unknown, ItemReceiver>
  /** Adds a use. Joins again if the server had refused. */
  readonly hold: () => void
  /** Removes a use. The last one leaves the namespace, unless another use follows in the same task. */
  readonly release: () => void
  /** Joins again after a refusal. */
  readonly rejoin: () => void
  /** Leaves at once, if it has no use. Where the connection stays open, a connect that is under way is waited for. */
  readonly end: (isConnectionEnding: boolean) => void
}

const JOINING: JoinState = Object.freeze({ status: 'joining' })

export function createSharedJoin(options: SharedJoinOptions): SharedJoin {
  const { manager, address, authenticate, canRenew, lease, onContract, onDisposed } = options
  const state = createReadable<JoinState>(JOINING)
  const gaps = createSubscribers<[reason: GapReason]>()
  const streams = new Map<unknown, ItemReceiver>()
  const renewal = createAuthRenewal()
  const backoff = createBackoff(manager)
  let uses = 0
  let hasJoined = false
  let gap: GapReason = 'not-recovered'
  /** The error of `namespace:disconnect`, until the disconnect that follows. */
  let dismissal: object | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let endLease = lease()
  let isDisposed = false
  const socket = takeSocket(manager, address)
  const formerAuth = socket.auth
  const { sendAuth, isAsking, forget } = createConnectAttempts(
    () => authenticate(renewal.isRenewing()),
    (cause) => refuse(clientError('NSP_CLIENT_AUTH', cause)),
  )

  /** The connect that is under way has ended. */
  function settle(): void {
    forget()
    if (uses === 0) dispose()
  }

  function become(next: JoinState): void {
    state.set(Object.freeze(next))
  }

  function connect(): void {
    socket.auth = sendAuth
    socket.connect()
  }

  function refuse(error: CallError): void {
    forget()
    socket.disconnect()
    endLease()
    become({ status: 'refused', error })
  }

  /** Decides what follows when the server has refused or disconnected the socket. */
  function follow(error: CallError): void {
    const isRenewal = canRenew() && renewal.begin(error.code)
    const delay = isRenewal ? 0 : backoff.delayFor(error)
    if (delay === undefined) refuse(error)
    else {
      timer = startTimer(connect, delay)
      become({ status: 'recovering', reason: error.code })
    }
  }

  /** The transport has been lost, or could not be opened. */
  function lose(reason: string, cause?: unknown): void {
    if (!manager.reconnection()) refuse(clientError('NSP_CLIENT_OFFLINE', cause))
    else if (state.getSnapshot().status === 'joined') {
      gap = 'not-recovered'
      // The application has disconnected the socket itself.
      if (!socket.active) timer = setTimeout(connect)
      become({ status: 'recovering', reason })
    }
  }

  const listeners = {
    connect() {
      settle()
      if (uses === 0) return
      backoff.reset()
      renewal.end()
      dismissal = undefined
      const recovered = socket.recovered === true
      const isGap = hasJoined && !recovered
      hasJoined = true
      become({ status: 'joined', recovered })
      if (isGap) gaps.call(gap)
    },
    connect_error(error: Error & { readonly data?: object }) {
      settle()
      if (uses === 0) return
      if (socket.active) return lose('connect error', error)
      const { message } = error
      const refusal = new CallError({ code: 'FST_NSP_REFUSED', statusCode: 403, message, ...error.data })
      if (refusal.code === 'FST_NSP_CONTRACT_MISMATCH') onContract(refusal.details as ContractHashes, true)
      follow(refusal)
    },
    disconnect(reason: string) {
      if (reason !== 'io server disconnect') return lose(reason)
      gap = 'server-disconnect'
      const error = dismissal ? new CallError(dismissal) : clientError('NSP_CLIENT_DISCONNECTED')
      follow(error)
    },
    'namespace:disconnect': (error: object) => {
      dismissal = error
    },
    'namespace:contract': (hashes: ContractHashes) => onContract(hashes, false),
    'namespace:item': (id: unknown, item: unknown, itemId: unknown) => streams.get(id)?.(item, itemId),
  }

  function onReconnectFailed(): void {
    if (socket.active) refuse(clientError('NSP_CLIENT_OFFLINE'))
  }

  function dispose(): void {
    if (isDisposed) return
    isDisposed = true
    forget()
    clearTimeout(timer)
    for (const [name, listener] of Object.entries(listeners)) socket.off(name, listener)
    manager.off('close', settle)
    manager.off('reconnect_failed', onReconnectFailed)
    if (socket.auth === sendAuth) socket.auth = formerAuth
    giveBackSocket(manager, address, socket)
    endLease()
    onDisposed()
  }

  for (const [name, listener] of Object.entries(listeners)) socket.on(name, listener)
  manager.on('close', settle)
  manager.on('reconnect_failed', onReconnectFailed)
  connect()
  if (socket.connected) queueMicrotask(listeners.connect)

  function rejoin(): void {
    if (state.getSnapshot().status !== 'refused') return
    endLease = lease()
    renewal.end()
    become(JOINING)
    connect()
  }

  return {
    socket,
    state,
    gaps,
    streams,
    rejoin,

    end(isConnectionEnding) {
      if (uses === 0 && (isConnectionEnding || !isAsking())) dispose()
    },

    hold() {
      uses++
      rejoin()
    },

    release() {
      uses--
      // In React's StrictMode a component leaves and joins again at once. A connect that is under way is waited for: its socket
      // would stay in the server.
      queueMicrotask(() => {
        if (uses === 0 && !isAsking()) dispose()
      })
    },
  }
}
