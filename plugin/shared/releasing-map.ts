import { inspect } from 'node:util'
import type { Namespace, Server } from 'socket.io'

/*
 * A Map that releases its values at once when they are deleted, for the sockets of a namespace. When V8 grows a Map, the old
 * table points to the new one and keeps its entries. Once an old table has survived a full garbage collection, deleted
 * sockets stay in memory until the next full one. Here each entry is a cell, which is emptied when it is deleted.
 */

interface Cell<Value> {
  value: Value | undefined
}

/** A Map that keeps no reference to a deleted value. */
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

  /** Prints the entries without their cells. */
  [inspect.custom](): Map<Key, Value> {
    return new Map(this)
  }
}

function cellOf<Value>(map: Map<unknown, unknown>, key: unknown): Cell<Value> | undefined {
  return Map.prototype.get.call(map, key)
}

/** Replaces the Maps of sockets in every namespace of a server, including namespaces that are created later. */
export function useReleasingMaps(io: Server): void {
  useReleasingMapsIn(io.of('/'))
  io.on('new_namespace', useReleasingMapsIn)
}

/** The properties of a namespace. The second one, of sockets that are being admitted, is private to Socket.IO. */
const MAPS = ['sockets', '_preConnectSockets'] as const

function useReleasingMapsIn(namespace: Namespace): void {
  const target = namespace as unknown as Record<(typeof MAPS)[number], unknown>
  for (const name of MAPS) {
    const map = target[name]
    if (map instanceof Map && map.constructor === Map && map.size === 0) target[name] = new ReleasingMap()
  }
}
