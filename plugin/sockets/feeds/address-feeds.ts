import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Namespace, Socket } from 'socket.io'
import { requestOf } from '../../engine/http/connect-request.js'
import { listen } from '../../shared/safe-listeners.js'
import type { FedPlace, PlaceFeeds } from './place-feeds.js'

/*
 * Tells the feeds of this node who comes to an address, and who leaves it.
 */

/** The parts of a mounted definition that are needed here. */
interface FedDefinition {
  readonly isDynamic: boolean
  /** `this` of the definition's functions. */
  readonly context: FastifyInstance
  readonly definition: { readonly feed: FedPlace['feed'] | undefined }
}

/** Called with the namespace of each address. Without a feed it does nothing. */
export function feedAddress(
  feeds: PlaceFeeds,
  namespace: Namespace,
  entry: FedDefinition,
  log: FastifyBaseLogger,
): void {
  const { isDynamic, context: instance } = entry
  const { feed } = entry.definition
  if (!feed) return
  const { name: address } = namespace

  const describe = (socket: Socket): FedPlace => ({
    isDynamic,
    feed,
    instance,
    context: {
      namespace,
      params: { ...(requestOf(socket).params as object) },
      log: log.child({ namespace: address }),
    },
    hasClients: () => namespace.sockets.size > 0,
  })
  listen(namespace, 'connection', (socket: Socket) => {
    feeds.enter(address, () => describe(socket))
    listen(socket, 'disconnect', () => feeds.leave(address))
  })
}
