import { CallError, clientError, retryAfterOf } from '../call-error.js'
import type { ClientAuth, ClientContractDifference, GapReason, JoinState } from '../client-options.js'
import { createReadable, createSubscribers } from '../readable.js'
import { startTimer } from '../timer.js'
import { createConnectAttempts, type RequestedJoin } from './connect-attempts.js'
import type { ClientConnection } from './connection.js'
import type { ItemReceiver, SharedJoin } from './shared-join-parts.js'
import { giveBackSocket, takeSocket } from './shared-socket.js'

/*
 * The socket of one address, from its first use to its last: joins, joins again, and says where it stands.
 */

type ContractHashes = Pick<ClientContractDifference, 'server' | 'client'>

const JOINING: JoinState = Object.freeze({ status: 'joining' })

/**
 * @param auth - of the connects, until a use replaces it
 * @param contract - is sent with each `auth`
 * @param onDisposed - called when the last use has gone
 */
export function createSharedJoin(
  { manager, lease }: ClientConnection,
  request: RequestedJoin,
  auth: ClientAuth | undefined,
  contract: object,
  onContract: (difference: ClientContractDifference) => void,
  onDisposed: () => void,
): SharedJoin {
  const { name, address } = request
  const state = createReadable<JoinState>(JOINING)
  const gaps = createSubscribers<[reason: GapReason]>()
  const streams = new Map<unknown, ItemReceiver>()
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
  const { sendAuth, setAuth, isAsking, forget, delayAfter, reset } = createConnectAttempts(
    manager,
    request,
    auth,
    contract,
    (cause) => refuse(clientError('AUTH', cause)),
  )

  function differ(hashes: ContractHashes, isRefused: boolean): void {
    onContract({ ...hashes, name, address, isRefused })
  }

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
    const delay = delayAfter(error)
    if (delay === undefined) refuse(error)
    else {
      timer = startTimer(connect, delay)
      become({ status: 'recovering', reason: error.code })
    }
  }

  /** The transport has been lost, or could not be opened. */
  function lose(reason: string, cause?: unknown): void {
    if (!manager.reconnection()) refuse(clientError('OFFLINE', cause))
    else if (state.getSnapshot().status === 'joined') {
      // The application has disconnected the socket itself.
      if (!socket.active) timer = setTimeout(connect)
      // The Manager reads its delay when all sockets know of the loss.
      const delay = manager.reconnectionDelay()
      const told = retryAfterOf(dismissal) || delay
      if (told !== delay) queueMicrotask(() => manager.reconnectionDelay(delay))
      manager.reconnectionDelay(told)
      become({ status: 'recovering', reason })
    }
  }

  const listeners = {
    connect() {
      settle()
      if (uses === 0) return
      reset()
      dismissal = undefined
      const recovered = !!socket.recovered
      become({ status: 'joined', recovered })
      if (hasJoined && !recovered) gaps.call(gap)
      hasJoined = true
      gap = 'not-recovered'
    },
    connect_error(error: Error & { readonly data?: object }) {
      settle()
      if (uses === 0) return
      if (socket.active) return lose('connect error', error)
      const { message } = error
      const refusal = new CallError({ code: 'FST_NSP_REFUSED', statusCode: 403, message, ...error.data })
      if (refusal.code === 'FST_NSP_CONTRACT_MISMATCH') differ(refusal.details as ContractHashes, true)
      follow(refusal)
    },
    disconnect(reason: string) {
      if (reason !== 'io server disconnect') return lose(reason)
      gap = 'server-disconnect'
      follow(dismissal ? new CallError(dismissal) : clientError('DISCONNECTED'))
    },
    'namespace:disconnect': (error: object) => {
      dismissal = error
    },
    'namespace:contract': (hashes: ContractHashes) => differ(hashes, false),
    'namespace:dropped': () => gaps.call('dropped'),
    'namespace:item': (id: unknown, item: unknown, itemId: unknown) => streams.get(id)?.(item, itemId),
  }

  function onReconnectFailed(): void {
    if (socket.active) refuse(clientError('OFFLINE'))
  }

  function listen(method: 'on' | 'off'): void {
    for (const [event, listener] of Object.entries(listeners)) socket[method](event, listener)
    manager[method]('close', settle)
    manager[method]('reconnect_failed', onReconnectFailed)
  }

  function dispose(): void {
    if (isDisposed) return
    isDisposed = true
    forget()
    clearTimeout(timer)
    listen('off')
    if (socket.auth === sendAuth) socket.auth = formerAuth
    giveBackSocket(manager, address, socket)
    endLease()
    onDisposed()
  }

  listen('on')
  connect()
  if (socket.connected) queueMicrotask(listeners.connect)

  function rejoin(): void {
    if (state.getSnapshot().status !== 'refused') return
    endLease = lease()
    reset()
    become(JOINING)
    connect()
  }

  function end(isConnectionEnding?: boolean): void {
    if (uses === 0 && (isConnectionEnding || !isAsking())) dispose()
  }

  return {
    socket,
    state,
    gaps,
    streams,
    rejoin,
    end,

    hold(next) {
      if (next) setAuth(next)
      uses++
      rejoin()
    },

    release() {
      uses--
      // In React's StrictMode a component leaves and joins again at once. A connect that is under way is waited for: its socket
      // would stay in the server.
      queueMicrotask(end)
    },
  }
}
