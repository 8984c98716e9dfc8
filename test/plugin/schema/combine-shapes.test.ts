import t from 'tap'
import { createLazyShape, intersect, merge } from '../../../plugin/schema/combine-shapes.js'
import type { ValueShape } from '../../../plugin/schema/shape.js'

const text: ValueShape = { kind: 'scalar', type: 'string', literals: undefined }
const bytes = (maxBytes: number): ValueShape => ({ kind: 'binary', maxBytes })
const fieldsOf = (...names: string[]): ValueShape => ({
  kind: 'fields',
  isSure: true,
  fields: new Map(names.map((name) => [name, text])),
  required: [],
  patterns: [],
  rest: undefined,
})
const namesOf = (shape: ValueShape) => (shape.kind === 'fields' ? [...shape.fields.keys()].sort() : shape.kind)

t.test('of alternatives that are binary data the largest bound is declared', async (t) => {
  t.strictSame(merge([bytes(10), bytes(20)]), bytes(20))
  t.strictSame(merge([bytes(20), bytes(10)]), bytes(20))
})

t.test('alternatives of alternatives that are too many become what any of them declares, kind by kind', async (t) => {
  const some = (prefix: string): ValueShape => ({
    kind: 'union',
    branches: [text, ...Array.from({ length: 6 }, (_, index) => fieldsOf(`${prefix}${index}`))],
  })
  const both = intersect(some('a'), some('b'))
  t.equal(both.kind, 'union')
  const [fields] = both.kind === 'union' ? both.branches.filter(({ kind }) => kind === 'fields') : []
  t.strictSame(namesOf(fields ?? text), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'b0', 'b1', 'b2', 'b3', 'b4', 'b5'])
})

t.test('an intersection with a recursion is one, however often it is asked for', async (t) => {
  const [one, other, third] = ['a', 'b', 'c'].map((name) => createLazyShape(() => fieldsOf(name))) as [
    ValueShape,
    ValueShape,
    ValueShape,
  ]
  t.equal(intersect(one, one), one)
  const both = intersect(one, other)
  t.equal(intersect(one, other), both)
  const another = intersect(one, third)
  t.not(another, both)
  t.strictSame(both.kind === 'lazy' && namesOf(both.get()), ['a', 'b'])
  t.strictSame(another.kind === 'lazy' && namesOf(another.get()), ['a', 'c'])
})

t.test('a recursion that goes on and on declares less, and comes to its end', async (t) => {
  const all = Array.from({ length: 40 }, (_, index) => createLazyShape(() => fieldsOf(`f${index}`)))
  const shape = all.reduce(intersect)
  t.equal(shape.kind === 'lazy' && (namesOf(shape.get()) as string[]).length, 32)
})
