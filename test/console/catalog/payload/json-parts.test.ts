import fc from 'fast-check'
import t from 'tap'
import { joinJson, namesOf, pointerTo, replaceAt, splitJson } from '../../../../console/catalog/payload/json-parts.js'

t.test('an object is split into the texts of its values, variables included', async (t) => {
  const parts = splitJson('{ "a": {{count}}, "b": [1, {"c": "},"}], "d\\"": "x" }')
  t.equal(parts?.kind, 'object')
  t.strictSame(
    [...(parts?.values ?? [])],
    [
      ['a', '{{count}}'],
      ['b', '[1, {"c": "},"}]'],
      ['d"', '"x"'],
    ],
  )
})

t.test('a list is split into the texts of its items', async (t) => {
  t.strictSame([...(splitJson(' [1, [2, 3], "]"] ')?.values.values() ?? [])], ['1', '[2, 3]', '"]"'])
})

t.test('what has other brackets or open quotes is not split', async (t) => {
  for (const text of [
    '',
    '1',
    '"{}"',
    '{',
    '{]',
    '{"a": [}',
    '{"a": "}',
    '{a: 1}',
    '{"a" 1}',
    '{{whole}}',
    '[1,]',
    '{"a": 1},{}',
  ])
    t.equal(splitJson(text), undefined, text)
})

t.test('any JSON that is split and joined has the same value', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())),
      fc.nat(4),
      (value, indent) => {
        const parts = splitJson(JSON.stringify(value, null, indent))
        t.strictSame(JSON.parse(parts ? joinJson(parts) : ''), JSON.parse(JSON.stringify(value)))
      },
    ),
  )
})

t.test('a value is replaced at its place, and everything else stays', async (t) => {
  const text = '{"a": {{x}}, "b": {"c": 1, "d": 2}}'
  const changed = replaceAt(text, ['b', 'c'], '[3]')
  t.match(changed, '"a": {{x}}')
  t.strictSame(JSON.parse(changed.replace('{{x}}', '0')), { a: 0, b: { c: [3], d: 2 } })
  t.strictSame(JSON.parse(replaceAt('', ['x', 'y'], '1')), { x: { y: 1 } })
  t.strictSame(JSON.parse(replaceAt('{"x": 1, "y": 2}', ['x'], undefined)), { y: 2 })
  t.strictSame(JSON.parse(replaceAt('[1, 2]', ['1'], '3')), [1, 3])
})

t.test('a JSON pointer is read as it is written', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), (names) => {
      t.strictSame(namesOf(names.map(pointerTo).join('')), names)
    }),
  )
})
