import { readOutline } from './draft.js'
import { toPlain } from './plain.js'
import { createProject } from './projection.js'
import { type Follow, isPlainObject, within } from './reference.js'
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
  /** Knows the schemas of addSchema. */
  readonly follow: Follow
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
  const make = () => compileCheck(schema, compile)
  if (isStandardSchema(schema) || !isCertain(schema)) return make()
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
  if (isStandardSchema(schema)) return { check: compileCheck(schema, compilers.compile), write: undefined }
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

function makeOutgoing(schema: object | boolean, compilers: Compilers): Outgoing {
  const { compile, compileSerializer, isOwnSerializer, follow } = compilers
  const check = compileCheck(schema, compile)
  const checkPlain: Check = (value) => check(toPlain(value))
  if (!isOwnSerializer) return { check: checkPlain, write: createForeignWrite(schema, compileSerializer) }
  if (!isPlainObject(schema)) return { check: checkPlain, write: undefined }
  const outline = readOutline(within({ root: schema }, schema), follow)
  const project = createProject(outline)
  return { check: (value) => check(project(value)), write: createWrite(outline, compileSerializer) }
}
