import { highest, type KeywordClaim, knownOf, lowest, type Objection, objectTo } from './proof-terms.js'

/*
 * The keywords that compare a number: of a number, a length, or a count.
 */

/** Whether a keyword of bounds follows from the facts; by keyword. */
const FOLLOWS: Readonly<Record<string, (claim: KeywordClaim, bound: number) => boolean>> = {
  minimum: (claim, bound) => highest(claim, 'minimum') >= bound || highest(claim, 'exclusiveMinimum') >= bound,
  maximum: (claim, bound) => lowest(claim, 'maximum') <= bound || lowest(claim, 'exclusiveMaximum') <= bound,
  exclusiveMinimum: (claim, bound) => highest(claim, 'minimum') > bound || highest(claim, 'exclusiveMinimum') >= bound,
  exclusiveMaximum: (claim, bound) => lowest(claim, 'maximum') < bound || lowest(claim, 'exclusiveMaximum') <= bound,
  multipleOf: (claim, factor) =>
    knownOf(claim, 'multipleOf').includes(factor) || (!claim.facts.types.has('number') && dividesOne(claim, factor)),
  minLength: (claim, bound) => bound <= 0 || highest(claim, 'minLength') >= bound,
  maxLength: (claim, bound) => lowest(claim, 'maxLength') <= bound,
  minItems: (claim, bound) => bound <= 0 || highest(claim, 'minItems') >= bound,
  maxItems: (claim, bound) => lowest(claim, 'maxItems') <= bound,
  minProperties: (claim, bound) => Math.max(highest(claim, 'minProperties'), countRequired(claim)) >= bound,
  maxProperties: (claim, bound) => lowest(claim, 'maxProperties') <= bound || countDeclared(claim) <= bound,
}

export function isBound(keyword: string): boolean {
  return Object.hasOwn(FOLLOWS, keyword)
}

export function proveBound(claim: KeywordClaim): readonly Objection[] {
  const bound = claim.goal.schema[claim.keyword]
  // Anything but a number is a keyword of another draft, or a `$data` reference.
  if (typeof bound !== 'number') return objectTo(claim, false)
  return FOLLOWS[claim.keyword]?.(claim, bound) ? [] : objectTo(claim, true)
}

function dividesOne(claim: KeywordClaim, factor: number): boolean {
  return [1, ...knownOf(claim, 'multipleOf')].some((known) => Number.isInteger(known) && Number(known) % factor === 0)
}

function countRequired(claim: KeywordClaim): number {
  return new Set(knownOf(claim, 'required').flat()).size
}

/** The most properties that an object without others can have. */
function countDeclared({ facts }: KeywordClaim): number {
  const counts = facts.atoms.flatMap(({ schema }) => {
    const isClosed = schema.additionalProperties === false && schema.patternProperties === undefined
    return isClosed ? [Object.keys(Object(schema.properties)).length] : []
  })
  return Math.min(...counts)
}
