import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Namespace, Socket } from 'socket.io'
import type { NormalDefinition } from '../../definition/normalize/normalize-definition.js'
import { requestOf } from '../../engine/http/connect-request.js'
import type { DynamicNamespaces } from '../../joining/namespaces/dynamic-namespaces.js'
import type { AddressLeases } from '../../shared/address-leases.js'
import { listen } from '../../shared/safe-listeners.js'
import { AddressFeed } from './address-feed.js'

/*
 * The feeds of this node: one for each address that has clients here, and whose definition has onFirst or onLast.
 */

export interface AddressFeedsOptions {
  readonly leases: AddressLeases
  readonly children: Pick<DynamicNamespaces, 'hold' | 'release'>
  readonly log: FastifyBaseLogger
  /** Milliseconds. */
  readonly now: () => number
}

type DeclaredFeed = NonNullable<NormalDefinition['feed']>

/** The parts of a mounted definition that are needed here. */
interface FedDefinition {
  readonly isDynamic: boolean
  /** `this` of the definition's functions. */
  readonly context: FastifyInstance
}

export interface AddressFeeds {
  /** Called with each socket that connects to an address with a feed. */
  enter(socket: Socket, namespace: Namespace, feed: DeclaredFeed, definition: FedDefinition): void
  /** Ends all feeds. Resolves when each onFirst and onLast has ended, and the leases are given back. Never rejects. */
  close(): Promise<void>
}

const TICK_MS = 2_000

export function createFeeds({ leases, children, log, now }: AddressFeedsOptions): AddressFeeds {
  const feeds = new Map<string, { readonly feed: AddressFeed; readonly end: Promise<void> }>()
  let timer: NodeJS.Timeout | undefined
  leases.onReleased((address) => feeds.get(address)?.feed.wake())

  function tick(): void {
    for (const { feed } of feeds.values()) feed.tick()
  }

  function open(
    socket: Socket,
    namespace: Namespace,
    { onFirst, onLast, graceMs }: DeclaredFeed,
    { isDynamic, context: instance }: FedDefinition,
  ): AddressFeed {
    const { name: address } = namespace
    const context = {
      namespace,
      params: { ...(requestOf(socket).params as object) },
      log: log.child({ namespace: address }),
    }
    const feed = new AddressFeed({
      address,
      leases,
      hasClients: () => namespace.sockets.size > 0,
      graceMs,
      start: (signal) => onFirst?.call(instance, { ...context, signal } as never),
      end: (signal) => onLast?.call(instance, { ...context, signal } as never),
      over() {
        feeds.delete(address)
        if (feeds.size === 0) clearInterval(timer)
        if (isDynamic) children.release(address)
      },
      log,
      now,
    })
    // The namespace that onFirst emits to is the live one for as long as the feed runs.
    if (isDynamic) children.hold(address)
    if (feeds.size === 0) timer = setInterval(tick, TICK_MS).unref()
    feeds.set(address, { feed, end: feed.run() })
    return feed
  }

  return {
    enter(socket, namespace, feed, definition) {
      const own = feeds.get(namespace.name)?.feed ?? open(socket, namespace, feed, definition)
      own.count()
      listen(socket, 'disconnect', () => own.count())
    },

    async close() {
      const all = [...feeds.values()]
      for (const { feed } of all) feed.close()
      await Promise.all(all.map(({ end }) => end))
    },
  }
}
