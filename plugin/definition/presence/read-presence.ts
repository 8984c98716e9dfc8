import { types } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type { AnyType } from '../../schema/schema.js'
import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import { type NormalEmit, readEmit } from '../normalize/events/read-emit.js'
import { read, readDuration, readObject, type Source } from '../normalize/read-value.js'
import { PRESENCE_EMITS } from './presence-emits.js'
import type { PresenceOptions } from './presence-options.js'

/*
 * Reads the option `presence` of a definition, and describes its emits.
 */

type Option<Name extends keyof PresenceOptions<AnyType>> = PresenceOptions<AnyType>[Name]

/** The option, checked and completed. */
export interface NormalPresence {
  readonly key: Option<'key'>
  readonly meta: Option<'meta'>
  readonly fetch: Option<'fetch'>
  readonly graceMs: number
  readonly maxMetaBytes: number
  readonly maxKeys: number
}

const KEYS = ['key', 'meta', 'fetch', 'graceMs', 'maxMetaBytes', 'maxKeys']
const DEFAULT_GRACE_MS = 15_000
const DEFAULT_META_BYTES = 1_024
const MOST_META_BYTES = 65_536
const DEFAULT_MAX_KEYS = 10_000
const MOST_KEYS = 1_000_000

const ENTRY = {
  type: 'object',
  properties: { key: { type: 'string' }, devices: { type: 'integer', minimum: 1 }, meta: {} },
  required: ['key', 'devices', 'meta'],
}
const ENTRIES = { type: 'array', items: ENTRY }
const MORE = { type: 'integer', minimum: 0 }

/** @throws FST_NSP_DEFINITION_INVALID naming the path, e.g. `namespaces["/chat"].presence.graceMs` */
export function readPresence(value: unknown, path: string): NormalPresence | undefined {
  if (value === undefined) return undefined
  const source = readObject(value, path, KEYS)
  const readFunction = <Call extends (this: FastifyInstance, ...args: never[]) => unknown>(name: string) =>
    read<Call>(source, name, path, 'function')
  const key = readFunction<Option<'key'>>('key')
  if (!key) throw new FST_NSP_DEFINITION_INVALID(`${path}.key`, 'is missing: it returns who a socket belongs to')
  const meta = readFunction<NonNullable<Option<'meta'>>>('meta')
  for (const [name, call] of Object.entries({ key, meta })) {
    if (types.isAsyncFunction(call))
      throw new FST_NSP_DEFINITION_INVALID(`${path}.${name}`, 'must not be async: only fetch may be')
  }
  return Object.freeze({
    key,
    meta,
    fetch: readFunction<NonNullable<Option<'fetch'>>>('fetch'),
    graceMs: readDuration(source, 'graceMs', path, 0) ?? DEFAULT_GRACE_MS,
    maxMetaBytes: readCount(source, 'maxMetaBytes', path, MOST_META_BYTES) ?? DEFAULT_META_BYTES,
    maxKeys: readCount(source, 'maxKeys', path, MOST_KEYS) ?? DEFAULT_MAX_KEYS,
  })
}

function readCount(source: Source, key: string, path: string, most: number): number | undefined {
  const value = read<number>(source, key, path, 'number')
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return value
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${key}`, `must be a whole number from 1 to ${most}: got ${value}`)
}

/** The emits that a definition has, beside its own, if its addresses have presence, or rooms. */
export function presenceEmits(
  presence: NormalPresence | undefined,
  rooms: Iterable<{ readonly presence: NormalPresence | undefined }>,
): [name: string, emit: NormalEmit][] {
  const hasRooms = [...rooms].some((room) => room.presence)
  if (!presence && !hasRooms) return []
  const room = hasRooms ? { room: { type: 'string', description: 'The room; without it, all of the namespace' } } : {}
  const state = { entries: ENTRIES, more: MORE }
  const change = { joined: ENTRIES, left: { type: 'array', items: { type: 'string' } }, updated: ENTRIES, more: MORE }
  return [
    emitOf(
      PRESENCE_EMITS.state,
      'Everyone who is here. Sent when this client has joined, and when it is recovered.',
      state,
      room,
    ),
    emitOf(
      PRESENCE_EMITS.change,
      'Those who have joined, those who have left, and those who have changed.',
      change,
      room,
    ),
  ]
}

function emitOf(name: string, description: string, required: object, optional: object): [string, NormalEmit] {
  const payload = { type: 'object', properties: { ...optional, ...required }, required: Object.keys(required) }
  return [name, Object.freeze(readEmit({ payload, description }, name))]
}
