import type { JsonSchema } from '../../definition/contract/description.js'
import { declaredPaths } from './declared-paths.js'
import { type Side, wordObjection } from './objection-words.js'
import { openSchema } from './open-schema.js'
import type { ProofOptions } from './proof/proof-terms.js'
import { proveSchema } from './proof/schema-proof.js'
import { isSameSchema } from './same-schema.js'
import { type ScopedSchema, type SharedSchemas, scopeSchema } from './scoped-schema.js'

/*
 * What a change of a schema means for clients.
 */

/** A schema of one contract, with the shared schemas that its references lead to. */
export interface ComparedSchema {
  readonly schema: JsonSchema
  readonly shared: SharedSchemas
}

export interface SchemaChanges {
  readonly breaking: readonly string[]
  readonly compatible: readonly string[]
}

export interface CompareOptions {
  /** Whether clients may send properties that their contract does not declare. */
  readonly isStrict: boolean
}

/**
 * Compares two schemas of the same place.
 *
 * A client `sends` by the old schema: each of its values has to fit the new one. It `receives` by the old schema: each value of the
 * new one has to fit it, but for new properties, which a client does not read.
 */
export function compareSchemas(
  before: ComparedSchema,
  after: ComparedSchema,
  { side, place, isStrict }: CompareOptions & { readonly side: Side; readonly place: string },
): SchemaChanges {
  const [old, fresh] = [scope(before), scope(after)]
  if (isSameSchema(old, fresh)) return { breaking: [], compatible: [] }
  const sends = side === 'sends'
  const options: ProofOptions = { hasUndeclared: sends && isStrict }
  const narrower = proveSchema(old, fresh, options).map((one) => wordObjection(one, { side, place, isNarrower: true }))
  const wider = proveSchema(fresh, sends ? old : scope(openCompared(before)), options).map((one) =>
    wordObjection(one, { side, place, isNarrower: false }),
  )
  const breaking = [...new Set(sends ? narrower : wider)]
  const compatible = [...new Set([...(sends ? wider : narrower), ...declarations(old, fresh, place)])]
  const rest = compatible.filter((line) => !breaking.includes(line))
  const isSilent = breaking.length + rest.length === 0
  return { breaking, compatible: isSilent ? [`${place} is written differently, and accepts the same`] : rest }
}

function scope({ schema, shared }: ComparedSchema): ScopedSchema {
  return scopeSchema(schema, shared)
}

function openCompared({ schema, shared }: ComparedSchema): ComparedSchema {
  const opened = Object.entries(shared).map(([id, inner]) => [id, openSchema(inner)])
  return { schema: openSchema(schema), shared: Object.fromEntries(opened) }
}

/** Properties that are declared in one schema alone. */
function* declarations(old: ScopedSchema, fresh: ScopedSchema, place: string): Generator<string> {
  const [before, after] = [declaredPaths(old, place), declaredPaths(fresh, place)]
  for (const path of after) if (!before.has(path)) yield `${path} is new`
  for (const path of before) if (!after.has(path)) yield `${path} is gone`
}
