import t from 'tap'
import { findNearest, kindOf, suggest } from '../../../plugin/shared/wording.js'

const EVENTS = ['message:send', 'message:read', 'room:join', 'ping', 'x']

t.test('the nearest known word is found', async (t) => {
  const meant: Record<string, string | undefined> = {
    'mesage:send': 'message:send',
    'message:sned': 'message:send',
    'message.send': 'message:send',
    'messages:send': 'message:send',
    'Message:Send': 'message:send',
    'message:reed': 'message:read',
    'rooom:jion': 'room:join',
    'room:leave': undefined,
    pong: 'ping',
    pign: 'ping',
    ing: 'ping',
    pi: undefined,
    X: 'x',
    y: undefined,
    '': undefined,
    nonsense: undefined,
    'join:room': undefined,
    ['m'.repeat(65)]: undefined,
  }
  for (const [word, expected] of Object.entries(meant)) t.equal(findNearest(word, EVENTS), expected, word)
  t.equal(findNearest('ping', []), undefined)
  t.equal(findNearest('ab', ['AB', 'ab']), 'AB', 'the first of two equal ones')
  t.equal(findNearest('messag', ['massage', 'message']), 'message', 'the nearer of two')
})

t.test('the distance equals that of the full table', async (t) => {
  const letters = ['a', 'b']
  const words = (length: number): string[] =>
    length === 0 ? [''] : words(length - 1).flatMap((word) => letters.map((letter) => word + letter))
  const long = words(6)
  for (const word of words(7).filter((_, index) => index % 7 === 0)) {
    const least = Math.min(...long.map((other) => distance(word, other)))
    const found = findNearest(word, long)
    t.equal(found === undefined ? undefined : distance(word, found), least <= 2 ? least : undefined, word)
  }
})

t.test('the number of compared words is bounded', async (t) => {
  const many = Array.from({ length: 200 }, (_, index) => `other:${index}:${'x'.repeat(20)}`)
  t.equal(findNearest('pong', [...many.slice(1), 'ping']), 'ping')
  t.equal(findNearest('pong', [...many, 'ping']), undefined)
})

t.test('the suggestion comes before the rest of the message', async (t) => {
  t.equal(suggest('pong', EVENTS), 'did you mean "ping"? ')
  t.equal(suggest('nonsense', EVENTS), '')
})

t.test('kindOf() names the type of a value', async (t) => {
  const kinds = [null, [], {}, () => {}, 'x', 1, undefined, 1n].map(kindOf)
  t.strictSame(kinds, ['null', 'array', 'object', 'function', 'string', 'number', 'undefined', 'bigint'])
})

/** The edit distance, computed with the full table. */
function distance(one: string, other: string): number {
  const rows = Array.from({ length: one.length + 1 }, (_, row) =>
    Array.from({ length: other.length + 1 }, (_, column) => (row === 0 ? column : column === 0 ? row : 0)),
  )
  const at = (row: number, column: number) => rows[row]?.[column] as number
  for (let row = 1; row <= one.length; row++) {
    for (let column = 1; column <= other.length; column++) {
      const cost = one[row - 1] === other[column - 1] ? 0 : 1
      let least = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + cost)
      if (row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]) {
        least = Math.min(least, at(row - 2, column - 2) + 1)
      }
      ;(rows[row] as number[])[column] = least
    }
  }
  return at(one.length, other.length)
}

t.test('a value that is not a string has no nearest word', async (t) => {
  for (const word of [5, Symbol('x'), undefined]) t.equal(findNearest(word as unknown as string, ['five']), undefined)
})
