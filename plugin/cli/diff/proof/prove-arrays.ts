import { isSameKeyword } from '../same-schema.js'
import { isObject, type ScopedSchema, scopeInside } from '../scoped-schema.js'
import { type KeywordClaim, knownOf, lowest, type Objection, objectTo } from './proof-terms.js'

/*
 * The keywords of arrays. `items` is one schema, or a list: then `additionalItems` is the schema of the rest.
 */

/** Proves `items` and `additionalItems`. */
export function proveItems(claim: KeywordClaim): readonly Objection[] {
  const { facts, goal, path, proof } = claim
  if (goal.schema.prefixItems !== undefined) {
    // Other ones are an objection of their own.
    const alike = facts.atoms.filter((atom) => isSameKeyword(atom, goal, 'prefixItems'))
    return alike.length === 0 || alike.some((atom) => isSameKeyword(atom, goal, 'items')) ? [] : objectTo(claim, false)
  }
  const listed = Math.max(
    ...[goal, ...facts.atoms].map(({ schema }) => (Array.isArray(schema.items) ? schema.items.length : 0)),
  )
  const most = lowest({ facts }, 'maxItems')
  const objections: Objection[] = []
  // The place after the listed ones stands for all that follow.
  for (let index = 0; index <= listed && index < most; index++) {
    const known = facts.atoms.flatMap((atom) => itemAt(atom, index))
    if (proof.isImpossible(known)) break
    const step = index < listed ? `[${index}]` : '[]'
    objections.push(...itemAt(goal, index).flatMap((item) => proof.prove(known, item, [...path, step])))
  }
  return objections
}

function itemAt(scoped: ScopedSchema, index: number): ScopedSchema[] {
  const { items, additionalItems, prefixItems } = scoped.schema
  // A later draft: `items` has another meaning there.
  if (prefixItems !== undefined) return []
  const item = Array.isArray(items) ? (index < items.length ? items[index] : additionalItems) : items
  return item === undefined ? [] : [scopeInside(scoped, item)]
}

export function proveUniqueItems(claim: KeywordClaim): readonly Objection[] {
  const isUnique = knownOf(claim, 'uniqueItems').includes(true) || lowest(claim, 'maxItems') <= 1
  return claim.goal.schema.uniqueItems === false || isUnique ? [] : objectTo(claim, true)
}

/** Of a later draft: how many items `contains` is about. */
const COUNTS = ['minContains', 'maxContains']

export function proveContains(claim: KeywordClaim): readonly Objection[] {
  const { facts, goal, path, proof } = claim
  const isCounted = [goal, ...facts.atoms].some(({ schema }) => COUNTS.some((keyword) => schema[keyword] !== undefined))
  if (isCounted) {
    // They mean something together only.
    const isKnown = facts.atoms.some((atom) => ['contains', ...COUNTS].every((one) => isSameKeyword(atom, goal, one)))
    return isKnown ? [] : objectTo(claim, false)
  }
  const wanted = scopeInside(goal, goal.schema.contains)
  const follows = facts.atoms.some((atom) => {
    if (!isObject(atom.schema.contains)) return false
    return proof.prove([scopeInside(atom, atom.schema.contains)], wanted, path).length === 0
  })
  return follows ? [] : objectTo(claim, false)
}
