import type { Server } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'

/*
 * Which sockets an emit is for, as nodes tell it each other: an address, and what Socket.IO's operators have collected.
 */

/** The JSON of a target. */
export type TargetText = readonly [
  address: string,
  rooms: readonly string[],
  except: readonly string[],
  flags: { readonly volatile?: true; readonly compress?: boolean },
]

/** A target whose namespace is live on this node. */
export interface LiveTarget {
  readonly namespace: ReturnType<Server['of']>
  /** For the sockets of this node. */
  readonly opts: BroadcastOptions
}

export function writeTarget(address: string, { rooms, except = new Set(), flags = {} }: BroadcastOptions): TargetText {
  const { volatile, compress } = flags
  return [
    address,
    [...rooms],
    [...except],
    { ...(volatile && { volatile }), ...(compress !== undefined && { compress }) },
  ]
}

/** @returns undefined if the address is not live here @throws TypeError if it is not a target */
export function readTarget(io: Server, target: unknown): LiveTarget | undefined {
  const [address, rooms, except, flags] = target as TargetText
  const namespace = io._nsps.get(address)
  if (!namespace) return undefined
  return { namespace, opts: { rooms: new Set(rooms), except: new Set(except), flags: { ...flags, local: true } } }
}
