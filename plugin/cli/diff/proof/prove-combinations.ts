import { isSameKeyword } from '../same-schema.js'
import type { SchemaFacts } from '../schema-facts.js'
import { followRef, isObject, type ScopedSchema, scopeInside } from '../scoped-schema.js'
import { type KeywordClaim, type Objection, objectTo } from './proof-terms.js'

/*
 * The keywords that combine schemas.
 */

/** Whether a schema may treat values of different types differently. */
export function hasCases({ schema }: ScopedSchema): boolean {
  return ['anyOf', 'oneOf', 'not', 'if'].some((keyword) => schema[keyword] !== undefined)
}

function schemasOf({ atoms, alternatives }: SchemaFacts): ScopedSchema[] {
  return [...atoms, ...alternatives.map(({ source }) => source)]
}

function branchesOf({ goal, keyword }: KeywordClaim): ScopedSchema[] {
  const list = goal.schema[keyword]
  return Array.isArray(list) ? list.map((branch) => scopeInside(goal, branch)) : []
}

export function proveRef(claim: KeywordClaim): readonly Objection[] {
  const target = followRef(claim.goal)
  return target ? claim.proof.prove(schemasOf(claim.facts), target, claim.path) : objectTo(claim, false)
}

export function proveAllOf(claim: KeywordClaim): readonly Objection[] {
  return branchesOf(claim).flatMap((branch) => claim.proof.prove(schemasOf(claim.facts), branch, claim.path))
}

export function proveAlternatives(claim: KeywordClaim): readonly Objection[] {
  const { facts, goal, keyword, path, proof } = claim
  if (facts.alternatives.some(({ source }) => isSameKeyword(source, goal, keyword))) return []
  const schemas = schemasOf(facts)
  const possible = branchesOf(claim).filter((branch) => !proof.isImpossible([...schemas, branch]))
  const objections = possible.map((branch) => proof.prove(schemas, branch, path))
  const isProved = objections.some(({ length }) => length === 0)
  // A value must not fit a second branch of oneOf.
  if (isProved && (keyword === 'anyOf' || possible.length === 1)) return []
  if (possible.length === 1) return objections.flat()
  return [{ path, keyword, known: tagsOf(facts), isCertain: possible.length === 0 }]
}

/** The properties with one value, which tell alternatives apart. */
function tagsOf({ atoms }: SchemaFacts): Readonly<Record<string, unknown>> {
  const properties = atoms.flatMap(({ schema }) => Object.entries(isObject(schema.properties) ? schema.properties : {}))
  return Object.fromEntries(properties.flatMap(([name, schema]) => (hasConst(schema) ? [[name, schema.const]] : [])))
}

function hasConst(schema: unknown): schema is { readonly const: unknown } {
  return Object.hasOwn(Object(schema), 'const')
}

export function proveNot(claim: KeywordClaim): readonly Objection[] {
  const { facts, goal, proof } = claim
  const refused = scopeInside(goal, goal.schema.not)
  const isKnown = facts.atoms.some((atom) => isSameKeyword(atom, goal, 'not'))
  return isKnown || proof.isImpossible([...schemasOf(facts), refused]) ? [] : objectTo(claim, false)
}

export function proveIf(claim: KeywordClaim): readonly Objection[] {
  const { facts, goal, path, proof } = claim
  const isKnown = facts.atoms.some((atom) => ['if', 'then', 'else'].every((one) => isSameKeyword(atom, goal, one)))
  const outcomes = ['then', 'else'].map((keyword) => scopeInside(goal, goal.schema[keyword]))
  const holds = () => outcomes.every((outcome) => proof.prove(schemasOf(facts), outcome, path).length === 0)
  return isKnown || holds() ? [] : objectTo(claim, false)
}
