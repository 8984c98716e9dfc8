import fc from 'fast-check'

/*
 * Random JSON Schemas of draft 7, and values that they tell apart.
 */

type Schema = Record<string, unknown> | boolean

const NAMES = ['a', 'b', 'c']
const SCALARS = [null, true, false, 0, 1, 2, 3, 6, -1, 1.5, '', 'a', 'ab', 'abc', '👍']

const bound = fc.integer({ min: 0, max: 3 })
const scalar = fc.constantFrom(...SCALARS)
const names = fc.subarray(NAMES)

/** Any value that a schema of `schemas` may be about. */
const values = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: 'small' }, scalar, tie('array'), tie('object')),
  array: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom(...NAMES, 'd'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
})).value

/** Some values, always the same. */
export const VALUES: readonly unknown[] = [...SCALARS, ...fc.sample(values, { numRuns: 1500, seed: 16 })]

const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

const { schema } = fc.letrec<{ schema: Schema; leaf: Schema; node: Schema }>((tie) => {
  const inner = tie('schema')
  const keywords = fc.record({
    type: optional(
      fc.oneof(
        fc.constantFrom('object', 'array', 'string', 'number', 'integer', 'boolean', 'null'),
        fc.subarray(['object', 'array', 'string', 'number', 'integer', 'null'], { minLength: 1, maxLength: 3 }),
      ),
    ),
    minLength: optional(bound),
    maxLength: optional(bound),
    pattern: optional(fc.constantFrom('^a', 'b$')),
    minimum: optional(bound),
    exclusiveMaximum: optional(bound),
    multipleOf: optional(fc.constantFrom(1, 2, 3, 0.5)),
    properties: optional(fc.dictionary(fc.constantFrom(...NAMES), inner, { maxKeys: 3, noNullPrototype: true })),
    required: optional(names),
    additionalProperties: optional(inner),
    patternProperties: optional(
      fc.dictionary(fc.constantFrom('^a', '^[bc]$', '.*'), inner, { maxKeys: 2, noNullPrototype: true }),
    ),
    propertyNames: optional(fc.constantFrom({ enum: NAMES }, { maxLength: 1 }, { pattern: '^[ab]' })),
    minProperties: optional(bound),
    maxProperties: optional(bound),
    items: optional(fc.oneof(inner, fc.array(inner, { minLength: 1, maxLength: 2 }))),
    additionalItems: optional(inner),
    minItems: optional(bound),
    maxItems: optional(bound),
    uniqueItems: optional(fc.boolean()),
    contains: optional(inner),
    enum: optional(fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 })),
    const: optional(scalar),
    allOf: optional(fc.array(inner, { minLength: 1, maxLength: 2 })),
    anyOf: optional(fc.array(inner, { minLength: 1, maxLength: 3 })),
    oneOf: optional(fc.array(inner, { minLength: 1, maxLength: 3 })),
    not: optional(inner),
    if: optional(inner),
    outcome: optional(inner),
    $ref: optional(fc.constantFrom('#/definitions/one', '#/definitions/two')),
  })
  // One to four keywords of all of them.
  const few = fc.tuple(keywords, fc.array(fc.nat(), { minLength: 1, maxLength: 4 })).map(([all, picks]) => {
    const entries = Object.entries(all).flatMap(([name, value]): [string, unknown][] =>
      value === undefined ? [] : [[name === 'outcome' ? 'then' : name, value]],
    )
    return Object.fromEntries(entries.filter((_entry, index) => picks.some((pick) => pick % entries.length === index)))
  })
  return {
    leaf: fc.oneof(
      fc.boolean(),
      fc.constantFrom<Schema>({ type: 'string' }, { type: 'integer' }, { type: 'number' }, { type: 'null' }, {}),
    ),
    node: few,
    schema: fc.oneof({ maxDepth: 3, depthSize: 'small' }, tie('leaf'), tie('node')),
  }
})

/** A document with definitions that do not lead in a circle. */
const definitions = fc.record({ one: schema, two: schema }).map((all) => JSON.parse(JSON.stringify(all, withoutRefs)))

function withoutRefs(key: string, value: unknown): unknown {
  return key === '$ref' ? undefined : value
}

const document = fc
  .tuple(schema, definitions)
  .map(([root, defs]) => ({ ...(typeof root === 'boolean' ? { allOf: [root] } : root), definitions: defs }))

/** Two schemas: the second one is another one, or the first one with a small change. */
type Document = Record<string, unknown>

export const schemaPairs: fc.Arbitrary<[Document, Document]> = fc.oneof(
  fc.tuple<[Document, Document]>(document, document),
  fc
    .tuple(document, schema, fc.nat())
    .map(([first, other, place]): [Document, Document] => [first, changed(first, other, place)]),
)

/** Copies a schema, and replaces, adds or removes something in one place. */
function changed(first: Record<string, unknown>, other: Schema, place: number): Record<string, unknown> {
  const copy = structuredClone(first)
  const places: [Record<string, unknown>, string][] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key])
      visit(inner)
    }
  }
  visit(copy)
  const [owner, key] = places[place % places.length] ?? [copy, 'title']
  const old = owner[key]
  if (typeof old === 'number') owner[key] = old + (place % 2 === 0 ? 1 : -1)
  else if (Array.isArray(old) && old.length > 1 && place % 2 === 0) old.pop()
  else if (typeof old === 'string' || typeof owner !== 'object' || Array.isArray(owner)) Object.assign(copy, other)
  else if (place % 3 === 0 && typeof old !== 'object') delete owner[key]
  else owner[key] = Array.isArray(old) ? old : typeof other === 'boolean' ? other : { ...Object(old), ...other }
  return copy
}
