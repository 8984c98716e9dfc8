import type { AnyClient, AnyJoined } from './any-client.js'
import { createCalls } from './calls/calls.js'
import type { AuthRequest, ClientAuth, ClientContractDifference, ClientOptions } from './client-options.js'
import { createJoined } from './joined-namespace.js'
import { writeClientAddress } from './joins/client-address.js'
import { createConnection } from './joins/connection.js'
import { createSharedJoin, type SharedJoin } from './joins/shared-join.js'
import { createSubscribers } from './readable.js'
import type { Client } from './types/typed-client.js'
import { createUnloadWarning } from './unload-warning.js'

/** The socket of an address, and what its connects send. */
interface Place {
  readonly shared: SharedJoin
  readonly setAuth: (auth: ClientAuth) => void
}

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
  const { contracts = {}, timeoutMs = 10_000, offline = 'wait', maxWaiting = 100, idleMs = 5_000 } = options
  const connection = createConnection(url, { manager: options.manager, io: options.io, idleMs })
  const { manager, lease } = connection
  const calls = createCalls({ timeoutMs, offline, maxWaiting })
  const differences = createSubscribers<[ClientContractDifference]>()
  const places = new Map<string, Place>()
  const uses = new Set<AnyJoined>()

  // On a connection that is open it asks for `auth` at once.
  function createPlace(request: Omit<AuthRequest, 'isRenewal'>, given: ClientAuth | undefined): Place {
    const { name, address } = request
    let auth = given
    const shared = createSharedJoin({
      manager,
      address,
      lease,
      canRenew: () => typeof auth === 'function',
      async authenticate(isRenewal) {
        const sent = typeof auth === 'function' ? await auth({ ...request, isRenewal }) : auth
        return { ...sent, ...(Object.hasOwn(contracts, name) && { $contract: contracts[name] }) }
      },
      onContract: (hashes, isRefused) => differences.call({ ...hashes, name, address, isRefused }),
      onDisposed: () => places.delete(address),
    })
    const place: Place = {
      shared,
      setAuth(next) {
        auth = next
      },
    }
    places.set(address, place)
    return place
  }

  return {
    manager,
    pending: calls.pending,
    onContract: differences.add,
    warnBeforeUnload: () => createUnloadWarning(calls.pending),

    join(name, params = {}, { auth, signal } = {}) {
      const address = writeClientAddress(name, params)
      const place = places.get(address) ?? createPlace({ name, address, params }, auth ?? options.auth)
      const { shared, setAuth } = place
      if (auth) setAuth(auth)
      shared.hold()
      const onLeft = () => {
        uses.delete(joined)
        shared.release()
      }
      const joined = createJoined({ name, address, shared, calls, signal, onLeft })
      uses.add(joined)
      if (signal?.aborted) joined.leave()
      return joined
    },

    close() {
      for (const joined of [...uses]) joined.leave()
      connection.end()
      for (const { shared } of places.values()) shared.end(!options.manager)
    },
  }
}
