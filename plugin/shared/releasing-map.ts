import { inspect } from 'node:util'
import type { Namespace, Server } from 'socket.io'

/*
 * Who is there, of those that come and go. The table that a Map has outgrown points to the next one, and keeps all that was
 * in it. Once a full garbage collection has found one in use, whatever is in those that follow it lives on to the next full
 * one: sockets with all that is theirs, long after they have gone. Here a table has cells, and who goes leaves an empty one.
 */

interface Cell<Value> {
  value: Value | undefined
}

/** A Map that lets go of the values that are taken out. */
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

  /** Whoever prints it wants to see no cells. */
  [inspect.custom](): Map<Key, Value> {
    return new Map(this)
  }
}

function cellOf<Value>(map: Map<unknown, unknown>, key: unknown): Cell<Value> | undefined {
  return Map.prototype.get.call(map, key)
}

/** Gives every namespace of a server such maps of its sockets, those that are still to come too. */
export function useReleasingMaps(io: Server): void {
  useReleasingMapsIn(io.of('/'))
  io.on('new_namespace', useReleasingMapsIn)
}

/** The second, of those that are on the way, is private. */
const MAPS = ['sockets', '_preConnectSockets'] as const

function useReleasingMapsIn(namespace: Namespace): void {
  const target = namespace as unknown as Record<(typeof MAPS)[number], unknown>
  for (const name of MAPS) {
    const map = target[name]
    if (map instanceof Map && map.constructor === Map && map.size === 0) target[name] = new ReleasingMap()
  }
}
