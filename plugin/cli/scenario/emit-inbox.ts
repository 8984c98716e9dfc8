import type { Socket } from 'socket.io-client'

/*
 * Keeps the emits of a socket until a step expects them.
 */

interface Received {
  readonly event: string
  readonly args: readonly unknown[]
}

export interface EmitInbox {
  /**
   * Takes the first emit of a name that fits, also one that came earlier. Resolves to undefined when the time is up, or the socket
   * is disconnected.
   */
  take(event: string, fits: (payload: unknown) => boolean, timeoutMs: number): Promise<Received | undefined>
  /** The payloads of a name that nothing has taken, the newest last. */
  seen(event: string): readonly unknown[]
}

// A scenario that never expects an emit must not fill the memory.
const MOST = 1000

export function createEmitInbox(socket: Socket): EmitInbox {
  const received: Received[] = []
  let onEmit = () => {}
  socket.onAny((event: string, ...args: unknown[]) => {
    if (received.push({ event, args }) > MOST) received.shift()
    onEmit()
  })

  return {
    take(event, fits, timeoutMs) {
      return new Promise((resolve) => {
        const look = () => {
          const index = received.findIndex((one) => one.event === event && fits(one.args[0]))
          if (index >= 0) end(received.splice(index, 1)[0])
        }
        const timer = setTimeout(() => end(undefined), timeoutMs)
        const onDisconnect = () => end(undefined)
        onEmit = look
        socket.on('disconnect', onDisconnect)
        look()

        function end(found: Received | undefined): void {
          clearTimeout(timer)
          socket.off('disconnect', onDisconnect)
          onEmit = () => {}
          resolve(found)
        }
      })
    },
    seen: (event) => received.filter((one) => one.event === event).map(({ args }) => args[0]),
  }
}
