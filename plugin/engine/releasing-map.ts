import { inspect } from 'node:util'
import type { Namespace, Server } from 'socket.io'

/*
 * A Map that lets go of deleted values at once, for what comes and goes with each connection. When V8 replaces the table of a Map by
 * a new one, the old table keeps its entries and points to the new one. As soon as one table is in the old generation, each table
 * after it survives until the next full garbage collection, with nearly every socket that has come and gone: its request, its
 * connection, its buffers. Here the table has a cell for each value, and `delete` empties the cell.
 */

interface Cell<Value> {
  value: Value | undefined
}

/** Behaves like any Map. */
export class ReleasingMap<Key, Value> extends Map<Key, Value> {
  override get(key: Key): Value | undefined {
    return cellOf<Value>(this, key)?.value
  }

  override set(key: Key, value: Value): this {
    const cell = cellOf<Value>(this, key)
    if (!cell) return super.set(key, { value } satisfies Cell<Value> as never)
    cell.value = value
    return this
  }

  override delete(key: Key): boolean {
    const cell = cellOf<Value>(this, key)
    if (cell) cell.value = undefined
    return super.delete(key)
  }

  override clear(): void {
    for (const key of this.keys()) this.delete(key)
  }

  override *values(): MapIterator<Value> {
    for (const key of this.keys()) yield this.get(key) as Value
  }

  override *entries(): MapIterator<[Key, Value]> {
    for (const key of this.keys()) yield [key, this.get(key) as Value]
  }

  override [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries()
  }

  override forEach(visit: (value: Value, key: Key, all: Map<Key, Value>) => void, self?: unknown): void {
    for (const [key, value] of this) visit.call(self, value, key, this)
  }

  /** Prints the values and not the cells. */
  [inspect.custom](): Map<Key, Value> {
    return new Map(this)
  }
}

function cellOf<Value>(map: Map<unknown, unknown>, key: unknown): Cell<Value> | undefined {
  return Map.prototype.get.call(map, key)
}

/** Replaces the maps of sockets of every namespace of a server, also of those that are created later. */
export function releaseSockets(io: Server): void {
  releaseSocketsOf(io.of('/'))
  io.on('new_namespace', releaseSocketsOf)
}

/** The second, of sockets that are joining, is private. */
const MAPS = ['sockets', '_preConnectSockets'] as const

/** A map that is in use, or is no Map of Socket.IO's own, stays. */
function releaseSocketsOf(namespace: Namespace): void {
  const target = namespace as unknown as Record<(typeof MAPS)[number], unknown>
  for (const name of MAPS) {
    const map = target[name]
    if (map instanceof Map && map.constructor === Map && map.size === 0) target[name] = new ReleasingMap()
  }
}
