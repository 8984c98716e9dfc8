import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Static } from 'typebox'

/*
 * One face over JSON Schema (plain or built by TypeBox) and Standard Schema (Zod, Valibot, ArkType, …).
 * So far it knows their types: what goes into a schema, and what comes out of it.
 */

/** Anything that can describe a payload: a JSON Schema as an object, a TypeBox schema, or any Standard Schema. */
export type AnySchema = StandardSchemaV1 | object | boolean

/** What a schema gives after parsing: the plain type, the result of a transform, `unknown` where nothing is known. */
export type OutputOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : StaticOf<Schema>

/** What has to be handed to a schema: the same as OutputOf but for schemas that transform. */
export type InputOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Schema> : StaticOf<Schema>

// TypeBox 0.34 carries its type in `static`; TypeBox 1 and plain JSON Schema are read by TypeBox 1.
type StaticOf<Schema> = Schema extends { static: infer Type; params: unknown[] }
  ? Type
  : Schema extends object
    ? Static<Schema>
    : unknown
