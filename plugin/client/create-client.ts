import type { AnyClient, AnyJoined } from './any-client.js'
import { createCalls } from './calls/calls.js'
import type { ClientContractDifference, ClientOptions } from './client-options.js'
import { createJoined } from './joined-namespace.js'
import { writeClientAddress } from './joins/client-address.js'
import { createConnection } from './joins/connection.js'
import { createSharedJoin } from './joins/shared-join.js'
import type { SharedJoin } from './joins/shared-join-parts.js'
import { createSubscribers } from './readable.js'
import type { Client } from './types/typed-client.js'
import { createUnloadWarning } from './unload-warning.js'

/**
 * Creates a client: one connection for all namespaces that it joins.
 *
 * @param url - the URL of the server, without the address of a namespace
 * @example
 * const client = createClient<typeof definitions>('https://api.example', { auth: async () => ({ token: await freshToken() }) })
 * const chat = client.join('/chat')
 * const { id } = await chat.call('message:send', { text: 'hi' })
 */
export function createClient(url: string, options?: ClientOptions): AnyClient
export function createClient<Definitions>(url: string, options?: ClientOptions): Client<Definitions>
export function createClient(url: string, options: ClientOptions = {}): AnyClient {
  const { contracts = {} } = options
  const connection = createConnection(url, options)
  const { pending, of } = createCalls(options)
  const differences = createSubscribers<[ClientContractDifference]>()
  const places = new Map<string, SharedJoin>()
  const uses = new Set<AnyJoined>()

  return {
    manager: connection.manager,
    pending,
    onContract: differences.add,
    warnBeforeUnload: () => createUnloadWarning(pending),

    join(name, params = {}, { auth, signal } = {}) {
      const address = writeClientAddress(name, params)
      let shared = places.get(address)
      if (!shared) {
        const contract = Object.hasOwn(contracts, name) ? { $contract: contracts[name] } : {}
        const request = { name, address, params }
        // On a connection that is open it asks for `auth` at once.
        shared = createSharedJoin(connection, request, auth ?? options.auth, contract, differences.call, () =>
          places.delete(address),
        )
        places.set(address, shared)
      }
      const { hold, release } = shared
      hold(auth)
      const joined = createJoined(name, address, shared, of, signal, () => {
        uses.delete(joined)
        release()
      })
      uses.add(joined)
      if (signal?.aborted) joined.leave()
      return joined
    },

    close() {
      for (const joined of [...uses]) joined.leave()
      connection.end()
      for (const { end } of places.values()) end(!options.manager)
    },
  }
}
