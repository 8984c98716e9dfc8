import type { SchemaFacts } from '../schema-facts.js'
import type { ScopedSchema } from '../scoped-schema.js'

/*
 * The terms of a proof that every value which fits some schemas (the facts) fits another schema, too (the goal).
 */

/** Why a value may not fit: a keyword of the goal that does not follow from the facts. */
export interface Objection {
  /** Where in the value: names of properties, `*` for any other property, `[]` for items. */
  readonly path: readonly string[]
  readonly keyword: string
  /** What the facts have for this keyword; undefined if nothing. */
  readonly known?: unknown
  /** What the goal has. */
  readonly wanted?: unknown
  /** False: the schemas differ, and it can't be told whether the goal follows. */
  readonly isCertain: boolean
}

/** One keyword of a goal. */
export interface KeywordClaim {
  readonly facts: SchemaFacts
  readonly goal: ScopedSchema
  readonly keyword: string
  readonly path: readonly string[]
  readonly proof: Proof
}

export interface ProofOptions {
  /** Whether values may have properties that the facts do not declare. */
  readonly hasUndeclared: boolean
}

export interface Proof extends ProofOptions {
  /** Returns what may not fit; empty if the goal follows from the facts. */
  prove(facts: readonly ScopedSchema[], goal: ScopedSchema, path: readonly string[]): readonly Objection[]
  isImpossible(facts: readonly ScopedSchema[]): boolean
}

/** The objection to a whole keyword. */
export function objectTo({ facts, goal, keyword, path }: KeywordClaim, isCertain: boolean): Objection[] {
  const known = facts.atoms.find(({ schema }) => schema[keyword] !== undefined)?.schema[keyword]
  return [{ path, keyword, known, wanted: goal.schema[keyword], isCertain }]
}

/** The values of a keyword in the facts. */
export function knownOf({ facts }: Pick<KeywordClaim, 'facts'>, keyword: string): unknown[] {
  return facts.atoms.map(({ schema }) => schema[keyword]).filter((value) => value !== undefined)
}

/** The highest value of a keyword that is a lower bound; -Infinity if there is none. */
export function highest(claim: Pick<KeywordClaim, 'facts'>, keyword: string): number {
  return Math.max(...numbersOf(claim, keyword))
}

/** The lowest value of a keyword that is an upper bound; Infinity if there is none. */
export function lowest(claim: Pick<KeywordClaim, 'facts'>, keyword: string): number {
  return Math.min(...numbersOf(claim, keyword))
}

function numbersOf(claim: Pick<KeywordClaim, 'facts'>, keyword: string): number[] {
  return knownOf(claim, keyword).filter((value) => typeof value === 'number')
}
