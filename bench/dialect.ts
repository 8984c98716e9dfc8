import { NAMESPACE } from './application.js'

/*
 * How events, acks and emits look on the wire of Socket.IO, and on that of the bare frames of `ws`.
 */

export interface Dialect {
  /** Whether there is an engine that opens and pings, and a namespace that is joined. */
  readonly hasEngine: boolean
  readonly path: string
  /** What stands before an event's ack id, and behind it before the payload. */
  readonly eventHead: string
  eventMiddle(event: string): string
  /** An event that wants no ack and has no payload. */
  order(event: string): string
  /** What stands before the id of an ack. */
  readonly ackHead: string
  /** The same of an event and an ack with one attachment. */
  readonly binaryEventHead: string
  readonly binaryAckHead: string
  /** What stands before the payload of an emit. */
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
