import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { countKept } from '../shared/json-value.js'
import { after } from '../shared/maybe-async.js'
import { findBinary, NOT_BINARY, putBack, refuseBinary, setAside, setAsideInPlace } from './binary/binary-value.js'
import { withLookalikes } from './binary/lookalike.js'
import { readLimits, toCheckable } from './binary/rewrite-binary.js'
import { readShape } from './read-shape.js'
import {
  type AnySchema,
  type Check,
  type CompileJsonSchema,
  compileCheck,
  isStandardSchema,
  SchemaMismatch,
} from './schema.js'
import { isPlainObject, locationOf, type ResolveRef } from './schema-ref.js'
import { type CompileSerializer, createCustomSerializer, createWrite, type Write } from './stringify.js'
import { createStrip } from './strip-undeclared.js'

/*
 * A schema, compiled: for what comes in, and for what goes out. One that is certain to compile is compiled when it is
 * first used, which is most of what there is to do at boot.
 */

/** What a context of Fastify has for schemas. */
export interface Compilers {
  readonly compile: CompileJsonSchema
  /** Whether a schema is certain to compile. */
  readonly isCertain: (schema: object | boolean) => boolean
  readonly compileSerializer: CompileSerializer
  /** Whether the serializer compiler is known to be Fastify's own; another writes what it likes. */
  readonly isOwnSerializer: boolean
  /** Knows the schemas of addSchema. */
  readonly resolveRef: ResolveRef
  /** Bytes that a packet may have. */
  readonly payloadBytes?: number
}

/** A schema of what comes in, compiled. Binary data is for who has a word for it, and no validator walks over it. */
export interface Incoming {
  readonly check: Check
  /** The same for what was JSON until now, and so has no binary data in it. */
  readonly checkJson: Check
}

/** A schema of what goes out, compiled. */
export interface Outgoing {
  /** Gives a copy, which is nobody else's. */
  readonly check: Check
  /** Writes what the check has given: it is a faster text of the same. */
  readonly write: Write | undefined
}

/** Compiles the schema of what comes in. Throws on a bad schema. */
export function compileIncoming(schema: AnySchema, compilers: Compilers): Incoming {
  const { compile, isCertain, resolveRef, payloadBytes } = compilers
  if (isStandardSchema(schema)) {
    const checkJson = compileCheck(schema, compile)
    return { check: withLookalikes(checkJson, false), checkJson }
  }
  // Nobody is certain of one that says binary.
  if (isCertain(schema)) return withoutBinary(lazily(() => compileCheck(schema, compile)))
  const location = locationOf({ root: Object(schema) }, schema)
  const limits = readLimits(location, resolveRef, payloadBytes)
  if (limits.length === 0) return withoutBinary(compileCheck(schema, compile))
  const checkJson = compileCheck(toCheckable(location, resolveRef, limits), compile)
  const shape = readShape(location, resolveRef)
  const check: Check = (value) => {
    if (findBinary(value) === undefined) return checkJson(value)
    return after(checkJson(setAside(value, shape, limits)), putBack)
  }
  return { check, checkJson }
}

function withoutBinary(checkJson: Check): Incoming {
  const check: Check = (value) => {
    refuseBinary(value)
    return checkJson(value)
  }
  return { check, checkJson }
}

function lazily(make: () => Check): Check {
  let made: Check | undefined
  return (value) => {
    made ??= make()
    return made(value)
  }
}

/**
 * Compiles the schema of something that goes out, which is somebody's: a JSON Schema is checked on a copy as JSON would
 * have it, for Ajv coerces, fills in defaults and removes; a Standard Schema makes its own copy, and may want a Date as a
 * Date. Throws on a bad schema.
 */
export function compileOutgoing(schema: AnySchema, compilers: Compilers): Outgoing {
  if (isStandardSchema(schema)) return compileOutgoingStandard(schema, compilers)
  if (!compilers.isCertain(schema)) return makeOutgoing(schema, compilers)
  let made: Outgoing | undefined
  return {
    check(value) {
      made ??= makeOutgoing(schema, compilers)
      return made.check(value)
    },
    // what it writes has been checked
    write: (value) => made?.write?.(value),
  }
}

/** Most leave out what they don't declare; who keeps it, as ArkType does, is asked for a JSON Schema of what it declares. */
function compileOutgoingStandard(schema: StandardSchemaV1, { compile, resolveRef }: Compilers): Outgoing {
  const check = withLookalikes(compileCheck(schema, compile), true)
  const stripBy = (described: unknown): Strip => {
    if (!isPlainObject(described) || !leavesOpen(described)) return (value) => value
    return createStrip(readShape(locationOf({ root: described }, described), resolveRef), refuseAny)
  }
  let strips: { readonly before: Strip; readonly behind: Strip } | undefined
  return {
    check(value) {
      if (!strips) {
        const output = describe(schema, 'output')
        // Where nobody can say what comes out, what goes in is stripped.
        strips = { before: stripBy(isSilent(output) ? describe(schema, 'input') : undefined), behind: stripBy(output) }
      }
      return after(check(strips.before(value)), strips.behind)
    },
    write: undefined,
  }
}

type Strip = (value: unknown) => unknown

function refuseAny(): never {
  throw new SchemaMismatch([{ path: '', message: NOT_BINARY }])
}

/** The JSON Schema of what a Standard Schema takes, or gives; undefined where it has none. */
function describe(schema: StandardSchemaV1, side: 'input' | 'output'): unknown {
  try {
    return (schema['~standard'] as Partial<StandardJSONSchemaV1.Props>).jsonSchema?.[side]({ target: 'draft-07' })
  } catch {
    return undefined // there are things that no JSON Schema can say
  }
}

/** Whether a JSON Schema says nothing, as ArkType's of the output of a pipe. */
function isSilent(schema: unknown): boolean {
  return isPlainObject(schema) && Object.keys(schema).every((key) => key === '$schema')
}

/** Whether some object of a JSON Schema says nothing of what it does not declare. */
function leavesOpen(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const isLoose = 'properties' in schema && !('additionalProperties' in schema)
  return isLoose || Object.values(schema).some(leavesOpen)
}

/** What is not declared is left out before anything else sees it: the check, and whatever writes it, on every way out. */
function makeOutgoing(schema: object | boolean, compilers: Compilers): Outgoing {
  const { compile, compileSerializer, isOwnSerializer, resolveRef } = compilers
  const location = locationOf({ root: Object(schema) }, schema)
  const limits = readLimits(location, resolveRef)
  // first: its word on a schema that is wrong is the better one
  const checkPlain = compileCheck(limits.length > 0 ? toCheckable(location, resolveRef, limits) : schema, compile)
  const shape = readShape(location, resolveRef)
  const strip = createStrip(shape)
  const check: Check = (value) => {
    const before = countKept()
    const copy = strip(value)
    if (countKept() === before) return checkPlain(copy)
    return after(checkPlain(setAsideInPlace(copy, limits)), putBack)
  }
  if (isOwnSerializer) return { check, write: createWrite(shape, compileSerializer) }
  const { recode, write } = createCustomSerializer(schema, compileSerializer)
  return { check: (value) => after(check(value), recode), write }
}
