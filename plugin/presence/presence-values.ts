import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { PresenceSource } from '../definition/presence/presence-options.js'
import type { NormalPresence } from '../definition/presence/read-presence.js'
import type { AnyType } from '../schema/schema.js'
import type { RatedLog } from '../shared/log/rated-log.js'
import { isThenable } from '../shared/maybe-async.js'
import { kindOf } from '../shared/wording.js'

/*
 * Reads what a definition says of a socket: its key and its meta. What can't be shown is logged, and never fails the join.
 */

/** A socket that may be counted. */
export interface PresenceSubject {
  readonly presence: NormalPresence
  /** `this` of the definition's functions. */
  readonly instance: FastifyInstance
  readonly source: PresenceSource<AnyType>
  /** Names the socket in the log. */
  readonly where: { readonly namespace: string; readonly socketId: string }
}

const LONGEST_KEY = 256

/** What a request tells of a socket. */
export function sourceOf(request: FastifyRequest): Pick<PresenceSubject['source'], 'request' | 'params'> {
  return { request, params: request.params } as PresenceSubject['source']
}

/** The key of a socket; undefined: it is not counted. */
export function readKey({ presence, instance, source, where }: PresenceSubject, log: RatedLog): string | undefined {
  try {
    const key: unknown = presence.key.call(instance, source)
    if (key === undefined || key === null) return undefined
    const text = typeof key === 'number' && Number.isFinite(key) ? String(key) : key
    const isText = typeof text === 'string' && text !== '' && Buffer.byteLength(text) <= LONGEST_KEY
    if (isText) return text
    const problem = typeof text === 'string' ? `of ${Buffer.byteLength(text)} bytes` : describe(text)
    throw new TypeError(`must be a string of 1 to ${LONGEST_KEY} bytes, or a number: got ${problem}`)
  } catch (err) {
    log.error({ ...where, err }, 'a socket is not counted: its presence.key failed')
    return undefined
  }
}

/** The meta of a socket; undefined if the definition has none. */
export function readMeta({ presence, instance, source, where }: PresenceSubject, log: RatedLog): unknown {
  if (!presence.meta) return undefined
  try {
    return toMeta(presence.meta.call(instance, source), presence.maxMetaBytes)
  } catch (err) {
    log.error({ ...where, err }, 'the presence of a socket has no meta')
    return null
  }
}

/**
 * A copy of a meta as JSON.
 *
 * @throws TypeError for what is not JSON, or too long
 */
export function toMeta(meta: unknown, maxBytes: number): unknown {
  if (isThenable(meta)) throw new TypeError(`must be JSON: got ${describe(meta)}, and only fetch may be async`)
  const text = JSON.stringify(meta)
  // Of undefined, and of a function.
  if (text === undefined) return null
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) throw new TypeError(`has ${bytes} bytes: maxMetaBytes is ${maxBytes}`)
  return JSON.parse(text)
}

/** A meta, completed by what `fetch` has found; undefined: nothing. */
export function completeMeta(
  { presence, where }: PresenceSubject,
  meta: unknown,
  found: unknown,
  log: RatedLog,
): unknown {
  if (found === undefined) return meta
  try {
    return toMeta(isObject(meta) && isObject(found) ? { ...meta, ...found } : found, presence.maxMetaBytes)
  } catch (err) {
    log.error({ ...where, err }, 'the meta of people was not completed')
    return meta
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isThenable(value)
}

/** Nothing awaits a promise: without a handler its rejection would end the process. */
function describe(value: unknown): string {
  if (!isThenable(value)) return kindOf(value)
  value.then(undefined, () => {})
  return 'a promise'
}
