import { NAMESPACE } from './application.js'

/*
 * The text of events, acks and emits on the wire: of Socket.IO's protocol, and of the bare frames of `ws`.
 */

export interface Dialect {
  /** Whether the engine opens and pings, and the client joins a namespace. */
  readonly hasEngine: boolean
  readonly path: string
  /** The text before the ack id of an event. */
  readonly eventHead: string
  /** The text between ack id and payload. */
  eventMiddle(event: string): string
  /** An event without ack and payload. */
  order(event: string): string
  /** The text before the id of an ack. */
  readonly ackHead: string
  /** The same for an event and an ack with one attachment. */
  readonly binaryEventHead: string
  readonly binaryAckHead: string
  /** The text before the payload of an emit. */
  emitHead(event: string): string
}

export const DIALECTS: Readonly<Record<'socket.io' | 'ws', Dialect>> = {
  'socket.io': {
    hasEngine: true,
    path: '/socket.io/?EIO=4&transport=websocket&',
    eventHead: `42${NAMESPACE},`,
    eventMiddle: (event) => `["${event}",`,
    order: (event) => `42${NAMESPACE},["${event}"]`,
    ackHead: `43${NAMESPACE},`,
    binaryEventHead: `451-${NAMESPACE},`,
    binaryAckHead: `461-${NAMESPACE},`,
    emitHead: (event) => `42${NAMESPACE},["${event}",`,
  },
  ws: {
    hasEngine: false,
    path: '/?',
    eventHead: '[',
    eventMiddle: (event) => `,"${event}",`,
    order: (event) => `[0,"${event}"]`,
    ackHead: '[',
    binaryEventHead: '',
    binaryAckHead: '',
    emitHead: (event) => `["${event}",`,
  },
}
