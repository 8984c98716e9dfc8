import type { Socket } from 'socket.io'

/*
 * A disconnect after an emit: with a broker, the emit is still under way.
 */

interface UnreadAdapter {
  deliverUnread?(id: string): void
}

/** Makes a socket, or all sockets with this prototype, receive what this node has emitted before it disconnects them. */
export function sendLastEmits(contained: Socket): void {
  const { disconnect } = contained
  contained.disconnect = function (this: Socket, isClosing) {
    const adapter = this.nsp.adapter as UnreadAdapter
    // With true, Socket.IO calls it again for each socket of the connection.
    if (!isClosing) adapter.deliverUnread?.(this.id)
    return disconnect.call(this, isClosing)
  }
}
