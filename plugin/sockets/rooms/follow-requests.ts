import type { Socket } from 'socket.io'
import { PRESENCE_FOLLOW } from '../../definition/presence/presence-emits.js'
import type { Presence } from '../../presence/present-sockets.js'
import { listen } from '../../shared/safe-listeners.js'

/**
 * Answers `presence:follow` of a socket: a part of its page that is shown later than the others has missed who is here. It counts for
 * the rate limits, as every event does.
 */
export function answerFollows(socket: Socket, presence: Pick<Presence, 'repeat'>): void {
  listen(socket, PRESENCE_FOLLOW, (...args: unknown[]) => {
    const [room] = args
    if (typeof room === 'string') presence.repeat(socket, room)
    else presence.repeat(socket)
    const ack = args.at(-1)
    if (typeof ack === 'function') ack({ ok: true })
  })
}
