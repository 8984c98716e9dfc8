import type { Server } from 'socket.io'
import type { Contract } from '../../definition/compile-contract.js'
import type { EmitOperator } from '../../events/emits/audience.js'
import { checkAnswered } from '../../events/emits/broadcast-acks.js'
import type { EmitCheck } from '../../events/emits/check-emit.js'
import { toJsonArguments } from '../guard/json-arguments.js'
import type { RetainedPlaces } from '../retained/retained-places.js'
import { type ColdAdapter, createColdAdapter } from './cold-adapter.js'
import type { RemoteSockets } from './remote-sockets.js'

/*
 * Socket.IO's operators for an address that is not live on this node: `to`, `except`, `fetchSockets` and all others, without a
 * namespace.
 */

/** The class of the operators, which Socket.IO does not export. */
type OperatorClass = new (adapter: ColdAdapter) => EmitOperator

/** @param contract - of the definition; undefined until the instance is ready */
export type ColdOperator = (address: string, contract: () => Contract | undefined) => EmitOperator

/** Returns a function that creates an operator for an address, which checks what it emits. */
export function createColdOperator(
  io: Server,
  emitCheck: EmitCheck,
  remote: RemoteSockets,
  retained: Pick<RetainedPlaces, 'emit'>,
): ColdOperator {
  const root = io.of('/')
  const Operator = Object.getPrototypeOf(root.to([])).constructor as OperatorClass

  return (address, contract) => {
    const check = (event: string, args: unknown[]) =>
      toJsonArguments(address, event, emitCheck.check(address, event, args, contract()))
    const adapter = createColdAdapter(address, remote, check, retained)
    checkAnswered({ adapter: adapter as never, to: (room) => root.to(room) }, (event, args, send) => {
      const checked = check(event, [...args])
      return emitCheck.skip(() => send(checked))
    })
    return new Operator(adapter)
  }
}
