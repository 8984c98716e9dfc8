import t from 'tap'
import { readPairs, writePairs } from '../../../console/session/pairs-text.js'

t.test('pairs are written one a line, and read again', async (t) => {
  const pairs = { 'x-name': 'Ada: the first', token: '{{token}}', empty: '' }
  t.equal(writePairs(pairs), 'x-name: Ada: the first\ntoken: {{token}}\nempty: ')
  t.strictSame(readPairs(writePairs(pairs)), pairs)
})

t.test('a line may have a sign of equality, and needs a name', async (t) => {
  t.strictSame(readPairs(' a=1 \n\n: no name\n  b :  2\nc'), { a: '1', b: '2', c: '' })
  t.strictSame(Object.keys(readPairs('__proto__: x')), ['__proto__'])
})
