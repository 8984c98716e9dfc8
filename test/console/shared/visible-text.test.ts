import t from 'tap'
import { visibleText } from '../../../console/shared/visible-text.js'

const CASES: readonly (readonly [what: string, text: string, shown: string])[] = [
  ['plain text stays', 'Grüße, 世界 مرحبا', 'Grüße, 世界 مرحبا'],
  ['line ends and tabs stay', 'a\n\tb', 'a\n\tb'],
  ['controls are written out', 'a\u0000\u001b[31m\r\u007f\u0085', 'a\\u0000\\u001b[31m\\u000d\\u007f\\u0085'],
  ['bidi controls are written out', '\u202egnp.exe\u2066\u200f\u061c', '\\u202egnp.exe\\u2066\\u200f\\u061c'],
  [
    'characters without a width are written out',
    'pay\u200bpal\ufeff\u00ad\u2060',
    'pay\\u200bpal\\ufeff\\u00ad\\u2060',
  ],
  ['tags are written out', 'a\u{e0041}', 'a\\u{e0041}'],
  ['separators of lines are written out', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['lone surrogates are written out', '\ud83d and \ude00', '\\ud83d and \\ude00'],
  ['emojis stay whole', '😀 👩‍👩‍👧 👩🏽‍🚀 🏳️‍🌈', '😀 👩‍👩‍👧 👩🏽‍🚀 🏳️‍🌈'],
  ['a joiner of no emoji is written out', 'a\u200db', 'a\\u200db'],
  ['markup is text', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
]

for (const [what, text, shown] of CASES) t.equal(visibleText(text), shown, what)

t.test('a long text is cut, and says so', async (t) => {
  t.equal(visibleText('abcdef', 6), 'abcdef')
  t.equal(visibleText('abcdef', 3), 'abc…')
})

t.test('a text is never cut inside a character', async (t) => {
  t.equal(visibleText('ab😀', 3), 'ab…')
})

t.test('a text of 5 MB is cut before it is looked at', async (t) => {
  const started = performance.now()
  t.equal(visibleText('\u202e'.repeat(5_000_000)).length, 300 * '\\u202e'.length + 1)
  t.comment(`${(performance.now() - started).toFixed(1)} ms`)
})
