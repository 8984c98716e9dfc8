import { readOutline } from './draft.js'
import { toPlain } from './plain.js'
import { createProject } from './projection.js'
import { createFollow, isPlainObject, within } from './reference.js'
import { type AnySchema, type Check, type CompileJsonSchema, compileCheck, isStandardSchema } from './schema.js'
import { type CompileSerializer, createForeignWrite, createWrite, type Write } from './writer.js'

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
  /** Whether the serializer compiler is Fastify's own, which leaves out of a response what is not declared. */
  readonly isOwnSerializer: boolean
  /** The schemas of addSchema, by their `$id`. */
  readonly added: Readonly<Record<string, unknown>>
}

/** A schema of what goes out, compiled. */
export interface Outgoing {
  /** Gives a copy, which is nobody else's. */
  readonly check: Check
  /** Writes what the check has given. */
  readonly write: Write | undefined
}

/** Compiles the schema of what comes in. Throws on a bad schema. */
export function compileIncoming(schema: AnySchema, { compile, isCertain }: Compilers): Check {
  if (isStandardSchema(schema) || !isCertain(schema)) return compileCheck(schema, compile)
  return defer(() => compileCheck(schema, compile))
}

/**
 * Compiles the schema of something that goes out, which is somebody's: a JSON Schema is checked on a copy as JSON would
 * have it, for Ajv coerces, fills in defaults and removes; a Standard Schema makes its own copy, and may want a Date as a
 * Date. Throws on a bad schema.
 */
export function compileOutgoing(schema: AnySchema, compilers: Compilers): Outgoing {
  const { compileSerializer, isOwnSerializer, added } = compilers
  const check = compileIncoming(schema, compilers)
  if (isStandardSchema(schema)) return { check, write: undefined }
  const checkPlain: Check = (value) => check(toPlain(value))
  if (!isOwnSerializer) return { check: checkPlain, write: createForeignWrite(schema, compileSerializer) }
  if (!isPlainObject(schema)) return { check: checkPlain, write: undefined }
  const outline = readOutline(within({ root: schema }, schema), createFollow(added))
  const project = createProject(outline)
  return { check: (value) => check(project(value)), write: createWrite(outline, compileSerializer) }
}

/** A check that is made when it is first used; where that fails, it fails as the value's schema. */
function defer(make: () => Check): Check {
  let check: Check = (value) => {
    check = make()
    return check(value)
  }
  return (value) => check(value)
}
