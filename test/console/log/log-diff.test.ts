import fc from 'fast-check'
import t from 'tap'
import { diffOf } from '../../../console/log/log-diff.js'

t.test('added, removed and changed values are told by their JSON pointers', async (t) => {
  t.strictSame(diffOf([{ id: 1, tags: ['a', 'b'], 'a/b~c': 1 }], [{ id: 2, tags: ['a'], new: null, 'a/b~c': 2 }]), [
    { kind: 'changed', path: '/0/id', before: 1, after: 2 },
    { kind: 'removed', path: '/0/tags/1', before: 'b' },
    { kind: 'changed', path: '/0/a~1b~0c', before: 1, after: 2 },
    { kind: 'added', path: '/0/new', after: null },
  ])
})

t.test('a value of another type is a change of the whole value', async (t) => {
  t.strictSame(diffOf([1], { 0: 1 }), [{ kind: 'changed', path: '', before: [1], after: { 0: 1 } }])
  t.strictSame(diffOf(null, {}), [{ kind: 'changed', path: '', before: null, after: {} }])
})

t.test('__proto__ is a key as any other', async (t) => {
  const after = JSON.parse('{"__proto__":{"a":1}}')
  t.strictSame(diffOf({}, after), [{ kind: 'added', path: '/__proto__', after: { a: 1 } }])
})

t.test('a value has no difference to its copy', async () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => diffOf(value, structuredClone(value)).length === 0))
})

t.test('the number of differences is bounded, and depth is no problem', async (t) => {
  t.equal(diffOf(new Array(1000).fill(1), new Array(1000).fill(2)).length, 200)
  const nest = (value: unknown) => JSON.parse(`${'['.repeat(5000)}${value}${']'.repeat(5000)}`)
  t.equal(diffOf(nest(1), nest(2)).length, 1)
})
