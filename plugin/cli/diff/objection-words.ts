import type { Objection } from './proof/proof-terms.js'

/*
 * Objections of a proof in words, for people who send or receive the values.
 */

/** What a client does with the values of a schema. */
export type Side = 'sends' | 'receives'

interface WordOptions {
  readonly side: Side
  /** The part of the contract, e.g. `payload`. */
  readonly place: string
  /** Whether the new schema has fewer values: then the objection is to the new schema, else to the old one. */
  readonly isNarrower: boolean
}

export function wordObjection(objection: Objection, { side, place, isNarrower }: WordOptions): string {
  const { keyword, path, known, wanted, isCertain } = objection
  const where = wordPath(place, path)
  const sends = side === 'sends'
  const accepts = isNarrower ? (sends ? 'no longer accepts' : 'is no longer') : sends ? 'now accepts' : 'may now be'
  switch (keyword) {
    case 'required':
      if (isNarrower) return `${where} is now ${sends ? 'required' : 'always there'}`
      return `${where} ${sends ? 'is no longer required' : 'may now be missing'}`
    case 'default':
      return `${where} is required, and ${isNarrower ? 'no longer' : 'now'} has a default`
    case 'type':
      return `${where} ${accepts} ${wordTypes([known].flat())}`
    case 'not':
      if (isCertain) return `${where} is ${isNarrower ? 'no longer' : 'now'} allowed`
      break
    case 'anyOf':
    case 'oneOf':
      return `${where} ${wordAlternative(objection, accepts)}`
    case 'enum':
    case 'const':
      if (wanted === undefined) return `${where} ${accepts} ${[known].flat().map(wordValue).join(', ')}`
      break
  }
  const [before, after] = isNarrower ? [known, wanted] : [wanted, known]
  const change = `${where}: ${keyword} ${wordChange(before, after)}`
  return isCertain ? change : `${change}; it can't be told whether that ${sends ? 'refuses' : 'adds'} values`
}

function wordAlternative({ known, isCertain }: Objection, accepts: string): string {
  const tags = JSON.stringify(known)
  const which = tags === '{}' ? 'one of its alternatives' : `its alternative ${tags}`
  return isCertain ? `${accepts} ${which}` : `has other alternatives; it can't be told what becomes of ${which}`
}

function wordTypes(types: readonly unknown[]): string {
  // Without `integer` it is about the numbers that are none.
  return types.map((type) => (type === 'number' && !types.includes('integer') ? 'fractions' : type)).join(', ')
}

function wordChange(before: unknown, after: unknown): string {
  if (JSON.stringify(before) === JSON.stringify(after)) return 'differs'
  if (before === undefined) return `is now ${wordValue(after)}`
  return after === undefined
    ? `was ${wordValue(before)}, and is gone`
    : `was ${wordValue(before)}, is ${wordValue(after)}`
}

const LONGEST_VALUE = 60

function wordValue(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}

/** `payload.lines[].text`; a name that is no identifier is quoted. */
export function wordPath(place: string, path: readonly string[]): string {
  const steps = path.map((step) => {
    if (/^\[\d*\]$/.test(step)) return step
    return /^([\w$]+|\*)$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
  })
  return place + steps.join('')
}
