import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Static } from 'typebox'
import { after } from '../shared/maybe-async.js'
import { type BinaryOptions, isOfStandIns } from './binary/binary-keyword.js'

/*
 * One interface for JSON Schema (plain or built by TypeBox) and Standard Schema (Zod, Valibot, ArkType, …): the input type,
 * the output type, and a check.
 */

/** A schema: a JSON Schema as an object, a TypeBox schema, or any Standard Schema (Zod, Valibot, ArkType, …). */
export type AnySchema = StandardSchemaV1 | object | boolean

/** The type of an empty map of schemas. */
export type None = Record<never, never>
/** The type of a map of schemas with unknown names. */
export type Schemas = Record<string, unknown>
// biome-ignore lint/suspicious/noExplicitAny: the one place where any type is accepted
export type AnyType = any
export type IsAny<Type> = 0 extends 1 & Type ? true : false

/** The output type of a schema, after its transforms; `unknown` if the schema has no type. */
export type OutputOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : StaticOf<Schema>

/** The input type of a schema. It differs from OutputOf for schemas that transform. */
export type InputOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Schema> : StaticOf<Schema>

// TypeBox 0.34 carries its type in `static`; TypeBox 1 and plain JSON Schema are read by TypeBox 1. `infer` keeps TypeScript
// from comparing TypeBox's Static of two type parameters, all its branches, which takes it seconds.
type StaticOf<Schema> = Schema extends { static: infer Type; params: unknown[] }
  ? Type
  : Schema extends { binary: BinaryOptions }
    ? Uint8Array
    : Schema extends infer Known extends object
      ? Static<Known>
      : unknown

/** One problem of a value: its place, as a JSON pointer, and a message that does not repeat the value. */
export interface Mismatch {
  readonly path: string
  readonly message: string
}

/** A value that does not fit its schema. */
export class SchemaMismatch extends Error {
  readonly mismatches: readonly Mismatch[]

  constructor(mismatches: readonly Mismatch[]) {
    super(mismatches.map(({ path, message }) => `${path || '/'} ${message}`).join('; '))
    this.mismatches = mismatches
  }
}

/**
 * Checks a value.
 *
 * @returns the value as the schema transforms it, or a promise of it if the schema is asynchronous
 * @throws SchemaMismatch
 */
export type Check = (value: unknown) => unknown

/** The result of Fastify's `validatorCompiler`, in any of the forms that Fastify accepts. */
interface Validate {
  (value: unknown, dataContext?: object): unknown
  errors?: readonly { instancePath?: string; message?: string }[] | null
}

/** Compiles a JSON Schema: the validator compiler of a Fastify context. Throws if the schema is not valid. */
export type CompileJsonSchema = (schema: object | boolean) => Validate

/** Whether a schema checks values by itself (Zod, Valibot, ArkType, …) and needs no compiler. */
export function isStandardSchema(schema: AnySchema): schema is StandardSchemaV1 {
  const standard = Object(schema)['~standard']
  return typeof standard?.validate === 'function'
}

/** Creates the check of a value. It may change the value. */
export function compileCheck(schema: AnySchema, compile: CompileJsonSchema): Check {
  return isStandardSchema(schema) ? checkStandard(schema) : checkJson(compile(schema))
}

/** Whether a schema is marked as asynchronous. Valibot marks its schemas; others return a promise when they are used. */
export function isAsyncSchema(schema: AnySchema): boolean {
  return isStandardSchema(schema) && (schema as { async?: unknown }).async === true
}

function checkStandard(schema: StandardSchemaV1): Check {
  return (value) =>
    after(schema['~standard'].validate(value), (result) => {
      if (!result.issues) return result.value
      throw new SchemaMismatch(
        result.issues.map(({ path, message }) => ({ path: toPointer(path), message: redact(message) })),
      )
    })
}

function checkJson(validate: Validate): Check {
  return (value) => {
    // Ajv coerces a value by writing it to its parent. Without a parent, a scalar at the root would not be coerced.
    const parent = { value }
    const location = { instancePath: '', parentData: parent, parentDataProperty: 'value', rootData: parent }
    const result = validate(value, location)
    // the synchronous path of Ajv
    if (result === true) return parent.value
    return after(result, (settled) => {
      if (settled === false) throw toMismatch(validate.errors)
      const { error, value: parsed } = Object(settled) as { error?: unknown; value?: unknown }
      if (error) throw toMismatch(error)
      return parsed === undefined ? parent.value : parsed
    })
  }
}

function toMismatch(errors: unknown): SchemaMismatch {
  const list = Array.isArray(errors) ? errors : [errors]
  return new SchemaMismatch(list.map((error) => ({ path: String(error?.instancePath ?? ''), message: wordsOf(error) })))
}

function wordsOf(error: { message?: unknown; params?: { allowedValues?: unknown } } | undefined): string {
  return isOfStandIns(error?.params?.allowedValues) ? 'must be binary' : String(error?.message ?? 'is invalid')
}

// Valibot and ArkType repeat the value in their messages. It must not reach logs or other clients.
function redact(message: string): string {
  return message.replace(/ but received .*$/s, '').replace(/ \(was .*\)$/s, '')
}

function toPointer(path: StandardSchemaV1.Issue['path']): string {
  // The path of ArkType is a subclass of Array with another map().
  const keys = Array.from(path ?? [], (segment) => (typeof segment === 'object' ? segment.key : segment))
  return keys.map((key) => toStep(String(key))).join('')
}

/** A key as a segment of a JSON pointer. */
export function toStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
