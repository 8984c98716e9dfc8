import type { ManagerOptions } from 'socket.io-client'
import type { Readable } from '../shared/writable.js'
import type { Network } from './network.js'
import type { Identity } from './session-types.js'

/** Replaces the variables of a text of JSON. Throws a TypeError that names those without a value. */
export type Expand = (text: string) => string

/** Lets each connect of a Manager read the identity as it is then, with the variables as they are then. */
export function setHandshake(
  options: Partial<ManagerOptions>,
  identity: Readable<Identity>,
  transports: Network['transports'],
  expand: Expand,
): void {
  const expandAll = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(texts).flatMap(([name, text]) => {
        try {
          return [[name, String(JSON.parse(expand(JSON.stringify(text))))]]
        } catch {
          // A variable has lost its value since the join: nothing is sent in its place.
          return []
        }
      }),
    )
  const readOnConnect = (get: () => unknown) => ({ enumerable: true, get })
  Object.defineProperties(options, {
    query: readOnConnect(() => expandAll(identity.getSnapshot().query)),
    extraHeaders: readOnConnect(() => expandAll(identity.getSnapshot().headers)),
    transports: readOnConnect(() => transports[identity.getSnapshot().transports]),
  })
}

/** Throws if a variable of the handshake has no value. */
export function checkHandshake({ query, headers }: Identity, expand: Expand): void {
  expand(JSON.stringify([query, headers]))
}

/** Whether the connections of two identities differ, and not only their `auth`. */
export function isOtherHandshake(one: Identity, other: Identity): boolean {
  const text = ({ query, headers, transports }: Identity) => JSON.stringify([query, headers, transports])
  return text(one) !== text(other)
}
