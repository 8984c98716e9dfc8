import { matches } from '../fits-schema.js'
import type { SchemaFacts } from '../schema-facts.js'
import { isObject, type ScopedSchema, scopeInside, scopeSchema } from '../scoped-schema.js'
import { type KeywordClaim, knownOf, type Objection, objectTo } from './proof-terms.js'

/*
 * The keywords of objects.
 */

/** What a schema says of one property. */
export function propertyAt(scoped: ScopedSchema, name: string): ScopedSchema[] {
  const { properties, patternProperties, additionalProperties } = scoped.schema
  const found: unknown[] = []
  if (isObject(properties) && Object.hasOwn(properties, name)) found.push(properties[name])
  const patterns = Object.entries(isObject(patternProperties) ? patternProperties : {})
  for (const [pattern, schema] of patterns) if (matches(pattern, name)) found.push(schema)
  // A pattern that can't be read may match this name.
  const isOther = found.length === 0 && patterns.every(([pattern]) => matches(pattern, name) !== undefined)
  if (isOther && additionalProperties !== undefined) found.push(additionalProperties)
  return found.map((schema) => scopeInside(scoped, schema))
}

/** Proves `properties`, `patternProperties` and `additionalProperties` together. */
export function proveProperties(claim: KeywordClaim): readonly Objection[] {
  const { facts, goal, path, proof } = claim
  const names = new Set([goal, ...facts.atoms].flatMap(({ schema }) => Object.keys(Object(schema.properties))))
  const isUndeclared = proof.hasUndeclared ? () => false : undeclaredIn(facts)
  const objections: Objection[] = []
  for (const name of names) {
    const known = facts.atoms.flatMap((atom) => propertyAt(atom, name))
    if (known.length === 0 && isUndeclared(name)) continue
    if (proof.isImpossible(known)) continue
    objections.push(...propertyAt(goal, name).flatMap((schema) => proof.prove(known, schema, [...path, name])))
  }
  return [...objections, ...proveRest(claim)]
}

/** Keywords with schemas that may declare properties, and that are no facts by themselves. */
const CONDITIONS = ['if', 'dependencies', 'dependentSchemas', '$dynamicRef', '$recursiveRef']

/** Tells of a name that no fact lists whether it is certain that it is not declared. */
function undeclaredIn({ atoms, alternatives }: SchemaFacts): (name: string) => boolean {
  const isDeclaring = atoms.some(({ schema }) => schema.properties !== undefined)
  const mayDeclare = atoms.some(({ schema }) => CONDITIONS.some((keyword) => schema[keyword] !== undefined))
  // One alternative after the other is proved later.
  if (!isDeclaring || mayDeclare || alternatives.length > 0) return () => false
  const required = new Set(atoms.flatMap(({ schema }) => schema.required))
  return (name) => !required.has(name)
}

/** The names that no schema lists. */
function* proveRest({ facts, goal, path, proof }: KeywordClaim): Generator<Objection> {
  const { patternProperties, additionalProperties } = goal.schema
  const patterns = Object.keys(Object(patternProperties))
  for (const pattern of patterns) {
    const known = facts.atoms.flatMap((atom) => restOf(atom, [pattern], pattern))
    yield* proof.prove(known, scopeInside(goal, Object(patternProperties)[pattern]), [...path, '*'])
  }
  if (additionalProperties === undefined) return
  const known = facts.atoms.flatMap((atom) => restOf(atom, patterns))
  yield* proof.prove(known, scopeInside(goal, additionalProperties), [...path, '*'])
}

/**
 * What a schema says of a name that no schema lists.
 * `pattern`: the name matches it; without one, the name matches none of `patterns`.
 */
function restOf(atom: ScopedSchema, patterns: readonly string[], pattern?: string): ScopedSchema[] {
  const { patternProperties, additionalProperties } = atom.schema
  const own = isObject(patternProperties) ? patternProperties : {}
  if (pattern !== undefined && Object.hasOwn(own, pattern)) return [scopeInside(atom, own[pattern])]
  // A name that matches a pattern of its own is no additional one.
  const mayMatch = Object.keys(own).some((one) => pattern !== undefined || !patterns.includes(one))
  return mayMatch || additionalProperties === undefined ? [] : [scopeInside(atom, additionalProperties)]
}

export function proveRequired(claim: KeywordClaim): readonly Objection[] {
  const { facts, goal, path } = claim
  const required = goal.schema.required
  if (!Array.isArray(required)) return objectTo(claim, false)
  const known = new Set(knownOf(claim, 'required').flat())
  return required.flatMap((name: string): Objection[] => {
    const [before, after] = [facts.atoms.flatMap((atom) => propertyAt(atom, name)), propertyAt(goal, name)]
    const inner = { path: [...path, name], wanted: true }
    if (!known.has(name)) return [{ ...inner, keyword: 'required', isCertain: true }]
    // Fastify's validator fills in a default before it looks for what is required.
    const isFilled = before.some(hasDefault) && !after.some(hasDefault)
    return isFilled ? [{ ...inner, keyword: 'default', isCertain: false }] : []
  })
}

function hasDefault({ schema }: ScopedSchema): boolean {
  return Object.hasOwn(schema, 'default')
}

export function provePropertyNames({ facts, goal, path, proof }: KeywordClaim): readonly Objection[] {
  const known = facts.atoms.flatMap((atom) =>
    atom.schema.propertyNames === undefined ? [] : [scopeInside(atom, atom.schema.propertyNames)],
  )
  return proof.prove([scopeSchema({ type: 'string' }, {}), ...known], scopeInside(goal, goal.schema.propertyNames), [
    ...path,
    '*',
  ])
}
