import { NodeWebSocket, NodeXHR } from 'socket.io-client'
import { startTimer } from '../../plugin/client/timer.js'
import type { Identity } from './session-types.js'

/*
 * The network of a session: it counts the WebSockets, and can be blocked. In a browser the two transports are those of the browser.
 */

type Transports = typeof NodeXHR | typeof NodeWebSocket

export interface Network {
  /** The transports of an Engine.IO client, by what an identity wants. */
  readonly transports: Readonly<Record<Identity['transports'], readonly Transports[]>>
  readonly counts: () => { readonly openWebSockets: number; readonly everOpened: number }
  /** Milliseconds since 1970; undefined while nothing is blocked. */
  readonly blockedUntil: () => number | undefined
  /** Holds what opens from now on, for some time. What is open stays open. */
  readonly block: (ms: number) => void
  /** Lets through what is held. */
  readonly unblock: () => void
}

/** @param onChange - called when a WebSocket opens or closes, and when a block begins or ends */
export function createNetwork(onChange: () => void): Network {
  const held = new Set<() => void>()
  let openWebSockets = 0
  let everOpened = 0
  let blockedUntil: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function pass(open: () => void): void {
    if (blockedUntil === undefined) open()
    else held.add(open)
  }

  function countWebSockets(change: 1 | -1): void {
    openWebSockets += change
    if (change === 1) everOpened++
    onChange()
  }

  const Polling = class extends NodeXHR {
    override doOpen() {
      // Socket.IO may have given up waiting.
      pass(() => this.readyState === 'opening' && super.doOpen())
    }
  }

  const CountedWebSocket = class extends NodeWebSocket {
    override doOpen() {
      pass(() => this.readyState === 'opening' && super.doOpen())
      return this
    }

    override createSocket(...args: Parameters<NodeWebSocket['createSocket']>) {
      const socket: EventTarget = super.createSocket(...args)
      socket.addEventListener('open', () => {
        countWebSockets(1)
        socket.addEventListener('close', () => countWebSockets(-1))
      })
      return socket
    }
  }

  function unblock(): void {
    clearTimeout(timer)
    if (blockedUntil === undefined) return
    blockedUntil = undefined
    onChange()
    for (const open of held) open()
    held.clear()
  }

  return {
    transports: { default: [Polling, CountedWebSocket], polling: [Polling], websocket: [CountedWebSocket] },
    counts: () => ({ openWebSockets, everOpened }),
    blockedUntil: () => blockedUntil,
    unblock,

    block(ms) {
      clearTimeout(timer)
      timer = startTimer(unblock, ms)
      blockedUntil = Date.now() + ms
      onChange()
    },
  }
}
