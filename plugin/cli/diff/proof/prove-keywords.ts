import { keyOfValue, TYPES_OF_KEYWORDS, typesOfKeyword } from '../fits-schema.js'
import { isSameKeyword } from '../same-schema.js'
import type { SchemaFacts } from '../schema-facts.js'
import { isAnnotation, type ScopedSchema } from '../scoped-schema.js'
import { type KeywordClaim, knownOf, type Objection, objectTo, type Proof } from './proof-terms.js'
import { proveContains, proveItems, proveUniqueItems } from './prove-arrays.js'
import { isBound, proveBound } from './prove-bounds.js'
import { proveAllOf, proveAlternatives, proveIf, proveNot, proveRef } from './prove-combinations.js'
import { proveProperties, provePropertyNames, proveRequired } from './prove-objects.js'

/*
 * Proves a goal keyword by keyword.
 */

type Prove = (claim: KeywordClaim) => readonly Objection[]

/** Keywords that are read together with another one: `type`, `items` and `if`. */
const PARTS = ['nullable', 'additionalItems', 'then', 'else']

/** How each keyword is proved. One that is not here must be the same in the facts. */
const PROVE: ReadonlyMap<string, Prove> = new Map(
  Object.entries<Prove>({
    $ref: proveRef,
    allOf: proveAllOf,
    anyOf: proveAlternatives,
    oneOf: proveAlternatives,
    not: proveNot,
    if: proveIf,
    type: proveType,
    const: proveEnum,
    enum: proveEnum,
    binary: proveBinary,
    items: proveItems,
    uniqueItems: proveUniqueItems,
    contains: proveContains,
    properties: proveProperties,
    patternProperties: (claim) => (claim.goal.schema.properties === undefined ? proveProperties(claim) : []),
    additionalProperties: (claim) => {
      const { properties, patternProperties } = claim.goal.schema
      return properties === undefined && patternProperties === undefined ? proveProperties(claim) : []
    },
    propertyNames: provePropertyNames,
    required: proveRequired,
    // They depend on all that is beside them.
    unevaluatedItems: (claim) => objectTo(claim, false),
    unevaluatedProperties: (claim) => objectTo(claim, false),
  }),
)

/** Without one of these, a schema accepts no binary data. */
const TYPING = ['$ref', 'allOf', 'anyOf', 'oneOf', 'type', 'const', 'enum', 'binary']

// Alternatives may accept it, too: they are proved one after the other.
function mayBeBinary({ types, alternatives }: SchemaFacts): boolean {
  return types.has('binary') || JSON.stringify(alternatives.map(({ source }) => source.schema)).includes('"binary"')
}

export function proveKeywords(
  facts: SchemaFacts,
  goal: ScopedSchema,
  path: readonly string[],
  proof: Proof,
): readonly Objection[] {
  const keywords = Object.keys(goal.schema).filter((keyword) => !isAnnotation(keyword) && !PARTS.includes(keyword))
  // Binary data needs a goal that says so.
  if (!keywords.some((keyword) => TYPING.includes(keyword)) && mayBeBinary(facts)) {
    return objectTo({ facts, goal, keyword: 'binary', path, proof }, true)
  }
  return keywords
    .filter((keyword) => TYPES_OF_KEYWORDS[keyword]?.some((type) => facts.types.has(type)) ?? true)
    .flatMap((keyword) => {
      const claim: KeywordClaim = { facts, goal, keyword, path, proof }
      if (isBound(keyword)) return proveBound(claim)
      return (PROVE.get(keyword) ?? proveSame)(claim)
    })
}

function proveSame(claim: KeywordClaim): readonly Objection[] {
  const isKnown = claim.facts.atoms.some((atom) => isSameKeyword(atom, claim.goal, claim.keyword))
  return isKnown ? [] : objectTo(claim, false)
}

function proveType({ facts, goal, keyword, path }: KeywordClaim): readonly Objection[] {
  const allowed = typesOfKeyword(goal.schema)
  const others = [...facts.types].filter((type) => !allowed.has(type))
  return others.length === 0 ? [] : [{ path, keyword, known: others, wanted: goal.schema.type, isCertain: true }]
}

function proveEnum(claim: KeywordClaim): readonly Objection[] {
  const wanted = claim.keyword === 'const' ? [claim.goal.schema.const] : claim.goal.schema.enum
  const keys = new Set(Array.isArray(wanted) ? wanted.map(keyOfValue) : [])
  const follows = claim.facts.values?.every((value) => keys.has(keyOfValue(value)))
  return follows ? [] : objectTo(claim, true)
}

function proveBinary(claim: KeywordClaim): readonly Objection[] {
  const sizes = knownOf(claim, 'binary').map((binary) => Number(Object(binary).maxBytes))
  return Math.min(...sizes) <= Number(Object(claim.goal.schema.binary).maxBytes) ? [] : objectTo(claim, true)
}
