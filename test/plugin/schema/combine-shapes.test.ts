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

t.test('alternatives of binary data have the largest of their bounds', async (t) => {
  t.strictSame(merge([bytes(10), bytes(20)]), bytes(20))
  t.strictSame(merge([bytes(20), bytes(10)]), bytes(20))
})

t.test('too many nested alternatives become one shape of each kind that declares the properties of all', async (t) => {
  const some = (prefix: string): ValueShape => ({
    kind: 'union',
    branches: [text, ...Array.from({ length: 6 }, (_, index) => fieldsOf(`${prefix}${index}`))],
  })
  const both = intersect(some('a'), some('b'))
  t.equal(both.kind, 'union')
  const [fields] = both.kind === 'union' ? both.branches.filter(({ kind }) => kind === 'fields') : []
  t.strictSame(namesOf(fields ?? text), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'b0', 'b1', 'b2', 'b3', 'b4', 'b5'])
})

t.test('an intersection with a recursive shape is created once', async (t) => {
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

t.test('an endless recursion ends and declares less', async (t) => {
  const all = Array.from({ length: 40 }, (_, index) => createLazyShape(() => fieldsOf(`f${index}`)))
  const shape = all.reduce(intersect)
  t.equal(shape.kind === 'lazy' && (namesOf(shape.get()) as string[]).length, 32)
})
