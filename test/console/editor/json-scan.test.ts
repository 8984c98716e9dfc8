import t from 'tap'
import { placeAt, scanJson } from '../../../console/editor/json-scan.js'

const TEXT = '{ "a/b": [1, { "c": "x" }], "n": {{count}}, "s": "to {{who}}" }'

t.test('each place of a value has its part of the text', async (t) => {
  const { places, wrong } = scanJson(TEXT)
  const texts = [...places].map(([pointer, { from, to }]) => `${pointer} ${TEXT.slice(from, to)}`)
  t.strictSame(texts, [
    '/a~1b/0 1',
    '/a~1b/1/c "x"',
    '/a~1b/1 { "c": "x" }',
    '/a~1b [1, { "c": "x" }]',
    '/n {{count}}',
    '/s "to {{who}}"',
    ` ${TEXT}`,
  ])
  t.equal(wrong, undefined)
  t.equal(placeAt(scanJson(TEXT), TEXT.indexOf('"c"'))?.[0], '/a~1b/1/c')
})

t.test('variables are no mistake, and their places are open', async (t) => {
  const { masked, open } = scanJson(TEXT)
  t.equal(masked.length, TEXT.length)
  t.equal(typeof JSON.parse(masked).n, 'string')
  t.strictSame([...open], ['/n', '/s'])
})

t.test('the first mistake is told with its place', async (t) => {
  const mistakes = {
    '{ "a" 1 }': ['1', 'expected a colon'],
    '{ "a": }': ['}', 'expected a value'],
    '{ "a": 1, }': ['}', 'expected a name in double quotes'],
    '{ a: 1 }': ['a', 'expected a name in double quotes'],
    '[1 2]': ['2', 'expected a comma'],
    '[01]': ['01', 'expected a value'],
    '[1': ['', 'expected a comma or ]'],
    '{} {}': ['{', 'expected the end'],
    '"open': ['"open', 'expected a value'],
    '}': ['}', 'expected a value'],
  }
  for (const [text, [part, message]] of Object.entries(mistakes)) {
    const { wrong } = scanJson(text)
    t.strictSame([text.slice(wrong?.from, wrong?.to), wrong?.message], [part, message], text)
  }
})

t.test('what JSON.parse accepts is right, and what it refuses is wrong', async (t) => {
  for (const text of ['1', ' null ', '"a\\"b"', '[]', '{}', '[[],{}]', '{"a":{"b":[]}}', '-1.5e3', '"{{x}}"']) {
    t.doesNotThrow(() => JSON.parse(text))
    t.equal(scanJson(text).wrong, undefined, text)
  }
  for (const text of [
    '[,]',
    '{,}',
    '[1,,2]',
    '{"a":1 "b":2}',
    '{1:2}',
    '[1}',
    '{"a"}',
    '{"a":,}',
    'tru',
    '"\n"',
    "'a'",
  ]) {
    t.throws(() => JSON.parse(text))
    t.ok(scanJson(text).wrong, text)
  }
})

t.test('a position tells what is being written there', async (t) => {
  const spotAt = (marked: string) => {
    const { wants, path, from, to, keys } = scanJson(marked.replace('|', ''), marked.indexOf('|')).spot
    return [wants, path.join('.'), marked.replace('|', '').slice(from, to), [...keys].join()]
  }
  t.strictSame(spotAt('{ | }'), ['key', '', '', ''])
  t.strictSame(spotAt('{ "te|'), ['key', '', '"te', ''])
  t.strictSame(spotAt('{ "a": 1, b| }'), ['key', '', 'b', 'a'])
  t.strictSame(spotAt('{ "k|": 1, "a": 2 }'), ['key', '', '"k"', 'a'])
  t.strictSame(spotAt('{ "a": | }'), ['value', 'a', '', 'a'])
  t.strictSame(spotAt('{ "a": [{ "b": "x|" }] }'), ['value', 'a.0.b', '"x"', 'b'])
  t.strictSame(spotAt('[1, |'), ['value', '1', '', ''])
  t.strictSame(spotAt('|'), ['value', '', '', ''])
  t.strictSame(spotAt('{ "a": 1 |}'), ['none', 'a', '', 'a'])
})
