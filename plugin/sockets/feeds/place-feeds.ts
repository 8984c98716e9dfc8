import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Namespace } from 'socket.io'
import type { NormalDefinition } from '../../definition/normalize/normalize-definition.js'
import type { DynamicNamespaces } from '../../joining/namespaces/dynamic-namespaces.js'
import type { PlaceLeases } from '../../shared/place-leases.js'
import { PlaceFeed } from './place-feed.js'

/*
 * The feeds of this node: one for each place that has clients here, and is declared with onFirst or onLast.
 */

export interface PlaceFeedsOptions {
  readonly leases: PlaceLeases
  readonly children: Pick<DynamicNamespaces, 'hold' | 'release'>
  /** Milliseconds. */
  readonly now: () => number
}

/** A place with a feed: an address, or a part of one. */
export interface FedPlace {
  readonly isDynamic: boolean
  readonly feed: NonNullable<NormalDefinition['feed']>
  /** `this` of onFirst and onLast. */
  readonly instance: FastifyInstance
  /** What they are called with, and the signal. */
  readonly context: {
    readonly namespace: Namespace
    readonly params: unknown
    readonly log: FastifyBaseLogger
    /** Undefined for an address. */
    readonly room?: object
  }
  /** Whether this node has clients there. */
  hasClients(): boolean
}

export interface PlaceFeeds {
  /**
   * Called with the place to which a client has come.
   *
   * @param place - one text on all nodes
   * @param describe - called if the place has no feed here
   */
  enter(place: string, describe: () => FedPlace): void
  /** Called with the place that a client has left. */
  leave(place: string): void
  /** Ends all feeds. Resolves when each onFirst and onLast has ended, and the leases are given back. Never rejects. */
  close(): Promise<void>
}

const TICK_MS = 2_000

export function createFeeds({ leases, children, now }: PlaceFeedsOptions): PlaceFeeds {
  const feeds = new Map<string, { readonly feed: PlaceFeed; readonly end: Promise<void> }>()
  let timer: NodeJS.Timeout | undefined
  let isClosing = false
  leases.onReleased((place) => feeds.get(place)?.feed.wake())

  function tick(): void {
    for (const { feed } of feeds.values()) feed.tick()
  }

  function open(place: string, { isDynamic, feed: declared, instance, context, hasClients }: FedPlace): PlaceFeed {
    const { onFirst, onLast, graceMs } = declared
    const { namespace, log } = context
    const { name: address } = namespace
    const feed = new PlaceFeed({
      place,
      leases,
      hasClients: () => !isClosing && hasClients(),
      graceMs,
      start: (signal) => onFirst?.call(instance, { ...context, signal } as never),
      end: (signal) => onLast?.call(instance, { ...context, signal } as never),
      over() {
        feeds.delete(place)
        if (feeds.size === 0) clearInterval(timer)
        if (isDynamic) children.release(address)
      },
      log,
      now,
    })
    // The namespace that onFirst emits to is the live one for as long as the feed runs.
    if (isDynamic) children.hold(address)
    if (feeds.size === 0) timer = setInterval(tick, TICK_MS).unref()
    feeds.set(place, { feed, end: feed.run() })
    return feed
  }

  return {
    enter(place, describe) {
      const feed = feeds.get(place)?.feed ?? open(place, describe())
      feed.count()
    },

    leave(place) {
      feeds.get(place)?.feed.count()
    },

    async close() {
      isClosing = true
      const all = [...feeds.values()]
      for (const { feed } of all) feed.close()
      await Promise.all(all.map(({ end }) => end))
    },
  }
}
