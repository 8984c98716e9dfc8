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
import { createStrip, type Strip } from './strip-undeclared.js'

/*
 * Compiles the schemas of incoming and outgoing values. A schema that is certain to compile is compiled on first use, which
 * saves most of the start-up time.
 */

/** The schema compilers of a Fastify context. */
export interface Compilers {
  readonly compile: CompileJsonSchema
  /** Whether a schema is certain to compile. */
  readonly isCertain: (schema: object | boolean) => boolean
  readonly compileSerializer: CompileSerializer
  /** Whether the serializer compiler is known to be Fastify's own. Another one may write anything. */
  readonly isOwnSerializer: boolean
  /** Resolves references, including those to schemas of addSchema(). */
  readonly resolveRef: ResolveRef
  /** The limit `payloadBytes`. */
  readonly payloadBytes?: number
}

/** The checks of an incoming value. Binary data is accepted only where the schema declares it, and no validator iterates over it. */
export interface Incoming {
  readonly check: Check
  /** The check of a value that was parsed from JSON and therefore contains no binary data. */
  readonly checkJson: Check
}

/** The check and the writer of an outgoing value. */
export interface Outgoing {
  /** Returns a checked copy that the caller owns. */
  readonly check: Check
  /** Copies the declared part of a value that was checked as an incoming one, without checking it again. */
  readonly project: (value: unknown) => unknown
  /** Writes a value that `check` or `project` has returned, faster than JSON.stringify. */
  readonly write: Write | undefined
}

/**
 * Compiles the schema of an incoming value.
 *
 * @throws Error if the schema is not valid
 */
export function compileIncoming(schema: AnySchema, compilers: Compilers): Incoming {
  const { compile, isCertain, resolveRef, payloadBytes } = compilers
  if (isStandardSchema(schema)) {
    const checkJson = compileCheck(schema, compile)
    return { check: withLookalikes(checkJson, false), checkJson }
  }
  // A schema with `binary` is never certain.
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
 * Compiles the schema of an outgoing value, which belongs to the application and is not changed. A JSON Schema checks a
 * JSON-like copy, because Ajv changes its argument. A Standard Schema makes its own copy, and may expect a Date.
 *
 * @throws Error if the schema is not valid
 */
export function compileOutgoing(schema: AnySchema, compilers: Compilers): Outgoing {
  if (isStandardSchema(schema)) return compileOutgoingStandard(schema, compilers)
  if (!compilers.isCertain(schema)) return makeOutgoing(schema, compilers)
  let made: Outgoing | undefined
  const outgoing = () => {
    made ??= makeOutgoing(schema, compilers)
    return made
  }
  return {
    check: (value) => outgoing().check(value),
    project: (value) => outgoing().project(value),
    // A value is written after it was checked, so the schema is compiled by then.
    write: (value) => made?.write?.(value),
  }
}

/**
 * Compiles a Standard Schema. Most of them remove undeclared properties. ArkType keeps them, so they are removed by the JSON
 * Schema of its output.
 */
function compileOutgoingStandard(schema: StandardSchemaV1, { compile, resolveRef }: Compilers): Outgoing {
  const check = withLookalikes(compileCheck(schema, compile), true)
  const stripBy = (described: unknown): Strip => {
    if (!isPlainObject(described) || !leavesOpen(described)) return (value) => value
    return createStrip(readShape(locationOf({ root: described }, described), resolveRef), refuseAny)
  }
  let made: { readonly before: Strip; readonly behind: Strip } | undefined
  const strips = () => {
    if (!made) {
      const output = describe(schema, 'output')
      // If the output can not be described, the input is stripped.
      made = { before: stripBy(isSilent(output) ? describe(schema, 'input') : undefined), behind: stripBy(output) }
    }
    return made
  }
  return {
    check(value) {
      const { before, behind } = strips()
      return after(check(before(value)), behind)
    },
    project: (value) => strips().behind(value),
    write: undefined,
  }
}

function refuseAny(): never {
  throw new SchemaMismatch([{ path: '', message: NOT_BINARY }])
}

/** The JSON Schema of the input or the output of a Standard Schema; undefined if it has none. */
function describe(schema: StandardSchemaV1, side: 'input' | 'output'): unknown {
  try {
    return (schema['~standard'] as Partial<StandardJSONSchemaV1.Props>).jsonSchema?.[side]({ target: 'draft-07' })
  } catch {
    return undefined // the schema can not be expressed as a JSON Schema
  }
}

/** Whether a JSON Schema declares nothing. ArkType returns such a schema for the output of a pipe. */
function isSilent(schema: unknown): boolean {
  return isPlainObject(schema) && Object.keys(schema).every((key) => key === '$schema')
}

/** Whether any object of a JSON Schema has `properties` without `additionalProperties`. */
function leavesOpen(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const isLoose = 'properties' in schema && !('additionalProperties' in schema)
  return isLoose || Object.values(schema).some(leavesOpen)
}

/** Compiles a JSON Schema. Undeclared properties are removed before the check and before any writer. */
function makeOutgoing(schema: object | boolean, compilers: Compilers): Outgoing {
  const { compile, compileSerializer, isOwnSerializer, resolveRef } = compilers
  const location = locationOf({ root: Object(schema) }, schema)
  const limits = readLimits(location, resolveRef)
  // Compiled first, because Ajv's message about a wrong schema is the best one.
  const checkPlain = compileCheck(limits.length > 0 ? toCheckable(location, resolveRef, limits) : schema, compile)
  const shape = readShape(location, resolveRef)
  const strip = createStrip(shape)
  const check: Check = (value) => {
    const before = countKept()
    const copy = strip(value)
    if (countKept() === before) return checkPlain(copy)
    return after(checkPlain(setAsideInPlace(copy, limits)), putBack)
  }
  if (isOwnSerializer) return { check, project: strip, write: createWrite(shape, compileSerializer) }
  const { recode, write } = createCustomSerializer(schema, compileSerializer)
  return { check: (value) => after(check(value), recode), project: (value) => recode(strip(value)), write }
}
