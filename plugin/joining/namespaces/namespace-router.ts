import findMyWay from 'find-my-way'
import {
  isDynamic,
  type NamePart,
  type Parameter,
  parseName,
  partsOf,
  quoteName,
  segmentsOf,
} from '../../definition/namespace-name.js'
import { FST_NSP_NAME_INVALID, FST_NSP_NAMESPACE_DUPLICATE, FST_NSP_PARAMS_INVALID } from '../../shared/errors.js'

/*
 * Finds the name of an address and writes the address of a name: '/orgs/:orgId' and '/orgs/42'. An address has exactly one
 * spelling, that of formatAddress, so that one room is never two namespaces.
 */

/** Characters that an address has percent-encoded. A wildcard's value keeps its slashes. */
const ESCAPED = /[%/?#;,\\\s\p{Cc}]/gu
const ESCAPED_IN_WILDCARD = /[%?#;,\\\s\p{Cc}]/gu
const LONE_SURROGATE = /\p{Cs}/gu

/** In characters. A dynamic namespace costs memory under its address; it has to fit into a URL. */
const ADDRESS_LENGTH = 2048
const CACHED_ROUTERS = 1000

export interface Match<Entry> {
  readonly entry: Entry
  /** Decoded values by parameter, '*' for a wildcard. Frozen, without a prototype; empty for a static name. */
  readonly params: Readonly<Record<string, string>>
}

export interface NameRouter<Entry> {
  /**
   * Adds a name.
   *
   * @throws FST_NSP_NAME_INVALID; FST_NSP_NAMESPACE_DUPLICATE if the name, or a dynamic name of the same shape, exists
   */
  add(name: string, entry: Entry): void
  /** The entry whose name has this address, static names first. Accepts anything that a client may send. */
  find(address: string): Match<Entry> | undefined
}

interface DynamicRoute<Entry> {
  readonly entry: Entry
  readonly parts: readonly NamePart[]
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

/** `maxParamLength`: the limit of one parameter's value in characters, not of a wildcard's. Default 100, as in Fastify. */
export function createNameRouter<Entry>({ maxParamLength = 100 } = {}): NameRouter<Entry> {
  const statics = new Map<string, Match<Entry>>()
  const shapes = new Map<string, string>()
  const router = findMyWay({ maxParamLength })

  function addDynamic(name: string, entry: Entry): void {
    const shape = shapeOf(name)
    const same = shapes.get(shape)
    if (same !== undefined) throw new FST_NSP_NAMESPACE_DUPLICATE(`${name}, of the same shape as ${same},`)
    shapes.set(shape, name)
    const route: DynamicRoute<Entry> = { entry, parts: partsOf(name) }
    try {
      router.on('GET', name, () => route)
    } catch (error) {
      throw new FST_NSP_NAME_INVALID(quoteName(name), `must have other constraints: ${(error as Error).message}`)
    }
  }

  return {
    add(name, entry) {
      parseName(name)
      if (isDynamic(name)) return addDynamic(name, entry)
      if (statics.has(name)) throw new FST_NSP_NAMESPACE_DUPLICATE(name)
      statics.set(name, { entry, params: NO_PARAMS })
    },

    find(address) {
      const match = statics.get(address)
      if (match !== undefined || address[0] !== '/' || address.length > ADDRESS_LENGTH) return match
      const found = router.find('GET', address)
      if (found === null) return undefined
      const { entry, parts } = (found.handler as () => DynamicRoute<Entry>)()
      const params: Record<string, string> = Object.assign(Object.create(null), found.params)
      const isAddress = parts.every((part) => typeof part === 'string' || !problemOf(part, params[part.parameter]))
      return isAddress && writeAddress(parts, params) === address ? { entry, params: Object.freeze(params) } : undefined
    },
  }
}

const routers = new Map<string, NameRouter<undefined>>()

/**
 * Writes the address of a name: formatAddress('/orgs/:orgId', { orgId: 42 }) is '/orgs/42'. A static name is its own address.
 * If a static name, or a dynamic one with precedence, has the same address, the router finds that name instead.
 *
 * @param params - strings, numbers, booleans or bigints; properties that the name does not have are not read
 * @throws FST_NSP_PARAMS_INVALID for a value that is missing, empty, of another type, or refused by its constraint, and for
 * values that could not be read back from the address; FST_NSP_NAME_INVALID
 */
export function formatAddress(name: string, params: Readonly<Record<string, unknown>>): string {
  if (!isDynamic(name)) return parseName(name)
  const router = routers.get(name) ?? cacheRouter(name)
  const parts = partsOf(name)
  const texts: Record<string, string> = Object.create(null)
  for (const part of parts) {
    if (typeof part === 'string') continue
    const text = toText(params, part.parameter)
    const problem = problemOf(part, text)
    if (problem !== undefined) throw new FST_NSP_PARAMS_INVALID(name, problem)
    texts[part.parameter] = text as string
  }
  const address = writeAddress(parts, texts)
  const found = router.find(address)?.params
  const lost = Object.keys(texts).filter((parameter) => found?.[parameter] !== texts[parameter])
  if (lost.length === 0) return address
  const problem = `must match their constraints, not run into each other, and not be too long: see ${lost.join(', ')}`
  throw new FST_NSP_PARAMS_INVALID(name, problem)
}

function cacheRouter(name: string): NameRouter<undefined> {
  const router = createNameRouter<undefined>({ maxParamLength: ADDRESS_LENGTH })
  router.add(name, undefined)
  if (routers.size >= CACHED_ROUTERS) routers.clear()
  routers.set(name, router)
  return router
}

/** The text of a value in an address; undefined for types that are not accepted. */
function toText(params: unknown, parameter: string): string | undefined {
  const value: unknown = Object.hasOwn(Object(params), parameter) ? Object(params)[parameter] : undefined
  const isText = typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint'
  return isText || Number.isFinite(value) ? String(value).replace(LONE_SURROGATE, '\uFFFD') : undefined
}

function problemOf({ parameter }: Parameter, text: string | undefined): string | undefined {
  if (text === undefined) return `must hold a string, number, boolean or bigint as ${parameter}`
  if (text === '') return `must not hold an empty ${parameter}`
  if (text.includes('\0')) return `must not hold a NUL in ${parameter}`
  if (parameter === '*' && `/${text}/`.includes('//')) return 'must not hold an empty segment in *'
  return undefined
}

function writeAddress(parts: readonly NamePart[], texts: Readonly<Record<string, string>>): string {
  const written = parts.map((part) => {
    if (typeof part === 'string') return part
    const text = (texts[part.parameter] as string).replace(LONE_SURROGATE, '\uFFFD')
    return text.replace(part.parameter === '*' ? ESCAPED_IN_WILDCARD : ESCAPED, encodeURIComponent)
  })
  return written.join('')
}

/** find-my-way treats names of one shape as one route, whatever their parameters and constraints are. */
function shapeOf(name: string): string {
  const segments = segmentsOf(name).map((segment) => {
    const parts = partsOf(segment)
    const [parameter, ...others] = parts.filter((part) => typeof part !== 'string')
    const isPlain = others.length === 0 && parameter?.constraint === '' && parts.at(-1) === parameter
    const placeholder = isPlain ? ':' : '()'
    return parts.map((part) => (typeof part === 'string' ? part : part.parameter === '*' ? '*' : placeholder)).join('')
  })
  return segments.join('/')
}
