import type { Event, Socket } from 'socket.io'
import { findSocketState, socketStateOf } from '../../engine/http/socket-state.js'
import { SocketIoEvent } from '../incoming-event.js'
import { StreamGate } from '../stream/stream-gate.js'
import { EventGate } from './event-gate.js'
import type { EventRates } from './event-rates.js'
import type { GateRules } from './gate-rules.js'

/*
 * Finds the gate of a socket.
 */

/** Creates the gate of a socket; events wait until `open()`. Call it synchronously, before any listener is added. */
export function setGate(socket: Socket, rules: GateRules, rates: EventRates | undefined): EventGate {
  const Gate = rules.hasStreams ? StreamGate : EventGate
  const gate = new Gate(socket, rules, rates)
  socketStateOf(socket).gate = gate
  return gate
}

export function gateOf(socket: Socket): EventGate | undefined {
  return findSocketState(socket)?.gate as EventGate | undefined
}

/** Sends an event that Socket.IO has parsed to the socket's gate. `next` returns it to Socket.IO. */
export function sendToGate(socket: Socket, event: Event, next: (error?: Error) => void): void {
  gateOf(socket)?.accept(new SocketIoEvent(event, next))
}
