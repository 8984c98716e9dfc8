import { kindOf, suggest } from '../../shared/wording.js'
import { closedGroup, flag, type OptionRule, refuse, rule, text, wholeNumber } from '../normalize/option-rules.js'
import type {
  AdapterOptions,
  BrokerOptions,
  ClusterAdapterOptions,
  CreateAdapter,
  PostgresAdapterOptions,
  RedisAdapterOptions,
} from './adapter-types.js'

/*
 * Checks the option `adapter`. Fills in the defaults of the options that all brokers share. No message has a url, which may
 * contain a password.
 */

/** The rules of what is kept in a broker, or in a store. */
export const KEPT = {
  prefix: text(/^[\w.:-]{1,40}$/, 'one to 40 letters, digits, _ . : and -', 'fastify-namespaces'),
  connectTimeoutMs: wholeNumber(1, 5_000, 600_000),
}

const SHARED = {
  type: { read: (type: unknown) => type },
  ...KEPT,
  waitForBroker: flag(false),
  logs: wholeNumber(1, 8, 64),
  outboxBytes: wholeNumber(1, 67_108_864, Number.MAX_SAFE_INTEGER),
  requestTimeoutMs: wholeNumber(1, 5_000),
}

// createSentinel() of redis 5 has no duplicate().
const client = rule(
  'a client of redis or ioredis, with duplicate()',
  (value) => typeof Object(value).duplicate === 'function',
)
const pool = rule('a Pool of pg', (value) => typeof Object(value).connect === 'function')

export const REDIS_PLACE = {
  url: url(/^rediss?:$/, /^[^/]+\/?\d*$/, 'redis://user:password@host:6379/0, or rediss:// for TLS'),
  client,
}

export const POSTGRES_PLACE = {
  url: url(/^postgres(ql)?:$/, /^/, 'postgres://user:password@host:5432/database'),
  pool,
}

const KINDS = {
  redis: closedGroup({
    ...SHARED,
    ...REDIS_PLACE,
  } satisfies Record<keyof RedisAdapterOptions, OptionRule>),
  postgres: closedGroup({
    ...SHARED,
    ...POSTGRES_PLACE,
  } satisfies Record<keyof PostgresAdapterOptions, OptionRule>),
  cluster: closedGroup(SHARED satisfies Record<keyof ClusterAdapterOptions, OptionRule>),
}

const TYPES = Object.keys(KINDS)
const LIST = TYPES.map((type) => JSON.stringify(type)).join(', ')

/** The checked options of a broker, with the defaults that all brokers share. */
export type NormalAdapterOptions = AdapterOptions & Readonly<Required<BrokerOptions>>

/** The option as the rule returns it. */
export type AnyAdapter = NormalAdapterOptions | CreateAdapter | undefined

/** The rule of the option `adapter`. A function or class is Socket.IO's: it is returned as it is. */
export const adapterRule: OptionRule = {
  read(value, path) {
    if (typeof value === 'function') return value
    if (kindOf(value) !== 'object')
      refuse(path, `must be an object with a type, a class or a function: got ${kindOf(value)}`)
    const { type } = value as { type?: unknown }
    const kind = TYPES.find((known) => known === type) as keyof typeof KINDS | undefined
    if (!kind)
      refuse(
        `${path}.type`,
        `must be one of ${LIST}: ${typeof type === 'string' ? suggest(type, TYPES) : ''}got ${showType(type)}`,
      )
    const options = KINDS[kind].read(value, path) as NormalAdapterOptions
    if (kind !== 'cluster') checkPlace(options, path, kind === 'redis' ? 'client' : 'pool')
    return Object.freeze(options)
  },
}

/**
 * Puts an adapter of Socket.IO into the options of Socket.IO.
 *
 * @returns the options of a broker, if `adapter` is one
 * @throws FST_NSP_OPTIONS_INVALID if `io` has an adapter, too
 */
export function placeAdapter(adapter: AnyAdapter, io: { adapter?: unknown }): NormalAdapterOptions | undefined {
  if (adapter && io.adapter) refuse('adapter', 'stands beside io.adapter: give one of them')
  if (typeof adapter !== 'function') return adapter
  io.adapter = adapter
  return undefined
}

/** @throws FST_NSP_OPTIONS_INVALID unless one of `url` and what is handed over is given */
export function checkPlace(options: object, path: string, handed: 'client' | 'pool'): void {
  const [url, given] = ['url', handed].map((name) => (options as Record<string, unknown>)[name] !== undefined)
  if (url === given) refuse(path, `must have one of url and ${handed}: got ${url ? 'both' : 'neither'}`)
}

function showType(type: unknown): string {
  return typeof type === 'string' ? JSON.stringify(type) : kindOf(type)
}

/** A rule for a url, which is never shown. */
function url(protocol: RegExp, place: RegExp, example: string): OptionRule {
  const isRight = (value: unknown) => {
    if (typeof value !== 'string' || !URL.canParse(value)) return false
    const { protocol: given, hostname, pathname, username, password } = new URL(value)
    return protocol.test(given) && place.test(hostname + pathname) && canDecode(username + password)
  }
  return {
    read: (value, at) =>
      isRight(value)
        ? value
        : refuse(at, `must be a url as ${example}, with user and password URL-encoded (the given one is not shown)`),
  }
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
