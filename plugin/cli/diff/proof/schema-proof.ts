import { fitsSchema, type ValueType } from '../fits-schema.js'
import { isSameSchema } from '../same-schema.js'
import { collectFacts, isImpossible, isRefusal, replaceAlternatives, type SchemaFacts } from '../schema-facts.js'
import { type SchemaObject, type ScopedSchema, scopeSchema } from '../scoped-schema.js'
import type { Objection, Proof, ProofOptions } from './proof-terms.js'
import { hasCases } from './prove-combinations.js'
import { proveKeywords } from './prove-keywords.js'
import { propertyAt } from './prove-objects.js'

/*
 * Proves that every value which fits one schema fits another one, too. What can't be proved is an objection, so a proof may be
 * missed, and is never wrong. The schemas are those of draft 7, as Ajv checks them.
 */

/** The most steps of one proof: some schemas need more than anyone can wait for. */
const MOST_STEPS = 10_000
/** The most steps inside one another. */
const MOST_DEPTH = 100

/** Proves that every value that fits `facts` fits `goal`. Returns what stands against it; empty if nothing does. */
export function proveSchema(facts: ScopedSchema, goal: ScopedSchema, options: ProofOptions): readonly Objection[] {
  const pending = new Map<string, number>()
  const ids = new Map<SchemaObject, number>()
  const search = { propertyAt, steps: MOST_STEPS }

  const idOf = ({ schema }: ScopedSchema): number => {
    const id = ids.get(schema) ?? ids.size
    ids.set(schema, id)
    return id
  }
  const proof: Proof = {
    ...options,
    isImpossible: (schemas) => isImpossible(schemas, search),
    prove(schemas, wanted, path) {
      if (search.steps-- <= 0 || pending.size > MOST_DEPTH) return [{ path, keyword: 'size', isCertain: false }]
      if (schemas.some((schema) => isSameSchema(schema, wanted))) return []
      const key = `${[...new Set(schemas.map(idOf))].sort().join()}>${idOf(wanted)}`
      const depth = pending.get(key)
      // References may lead in a circle. What is being proved of a value may be taken as proved of the values inside it.
      if (depth !== undefined) return path.length > depth ? [] : [{ path, keyword: '$ref', isCertain: false }]
      pending.set(key, path.length)
      const objections = proveByCases(schemas, wanted, path, proof)
      pending.delete(key)
      return objections
    },
  }
  const objections = proof.prove([facts], goal, [])
  return [...new Map(objections.map((objection) => [JSON.stringify(objection), objection])).values()]
}

function proveByCases(
  schemas: readonly ScopedSchema[],
  goal: ScopedSchema,
  path: readonly string[],
  proof: Proof,
): readonly Objection[] {
  if (proof.isImpossible(schemas)) return []
  if (isRefusal(goal.schema)) return [{ path, keyword: 'not', isCertain: true }]
  const facts = collectFacts(schemas)
  if (facts.values) return proveValues(facts, facts.values, goal, path, proof)
  const objections = proveKeywords(facts, goal, path, proof)
  if (objections.length === 0) return []
  const [first] = facts.alternatives
  if (first)
    return first.branches.flatMap((branch) => proof.prove(replaceAlternatives(facts, first, branch), goal, path))
  const types = splitTypes(facts.types)
  if (types.length === 1 || !hasCases(goal)) return objections
  return types.flatMap((type) => proof.prove([...facts.atoms, ofType(type)], goal, path))
}

function proveValues(
  facts: SchemaFacts,
  values: readonly unknown[],
  goal: ScopedSchema,
  path: readonly string[],
  proof: Proof,
): readonly Objection[] {
  const verdicts = values.map((value) => fitsSchema(value, goal))
  const refused = values.filter((_value, index) => verdicts[index] === false)
  if (refused.length > 0) return [{ path, keyword: 'enum', known: refused, isCertain: true }]
  return verdicts.includes(undefined) ? proveKeywords(facts, goal, path, proof) : []
}

/** The types that a schema can tell apart: every integer is a number. */
function splitTypes(types: ReadonlySet<ValueType>): ValueType[] {
  return [...types].filter((type) => type !== 'integer' || !types.has('number'))
}

const TYPED = new Map<string, ScopedSchema>()

/** The same object for the same type, because a proof knows schemas by identity. */
function ofType(type: string): ScopedSchema {
  const scoped = TYPED.get(type) ?? scopeSchema({ type }, {})
  TYPED.set(type, scoped)
  return scoped
}
