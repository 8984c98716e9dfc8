import { createCopyMixed } from './composite.js'
import { readOutline } from './outline.js'
import { toPlain } from './plain.js'
import { createProject } from './projection.js'
import { createFollow, isPlainObject, within } from './reference.js'
import { type AnySchema, type Check, type CompileJsonSchema, compileCheck, isStandardSchema } from './schema.js'
import { type CompileSerializer, createForeignWrite, createWrite, type Write } from './writer.js'

/*
 * What a schema does for what goes out: a copy of what it declares, the check of that copy, and its writing.
 */

/** What a context of Fastify has for schemas. */
export interface Compilers {
  readonly compile: CompileJsonSchema
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

/**
 * Compiles the schema of something that goes out, which is somebody's: a JSON Schema is checked on a copy as JSON would
 * have it, for Ajv coerces, fills in defaults and removes; a Standard Schema makes its own copy, and may want a Date as a
 * Date. Throws on a bad schema.
 */
export function compileOutgoing(schema: AnySchema, compilers: Compilers): Outgoing {
  const { compile, compileSerializer, isOwnSerializer, added } = compilers
  const check = compileCheck(schema, compile)
  if (isStandardSchema(schema)) return { check, write: undefined }
  if (!isPlainObject(schema)) return { check: (value) => check(toPlain(value)), write: undefined }
  if (!isOwnSerializer) {
    return { check: (value) => check(toPlain(value)), write: createForeignWrite(schema, compileSerializer) }
  }
  const follow = createFollow(added)
  const outline = readOutline(within({ root: schema }, schema), follow)
  const project = createProject(outline, createCopyMixed(follow))
  return { check: (value) => check(project(value)), write: createWrite(outline, compileSerializer) }
}
