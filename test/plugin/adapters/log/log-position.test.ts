import t from 'tap'
import { comparePositions, positionBefore } from '../../../../plugin/adapters/log/log-position.js'

t.test('positions are numbers of one or two parts, of any size', async (t) => {
  const sorted = ['1', '2', '10', '10-1', '10-2', '10-10', '99999999999999999998', '99999999999999999999']
  t.strictSame([...sorted].reverse().sort(comparePositions), sorted)
  t.equal(comparePositions('7', '7-0'), 0)
})

t.test('what is before a position is not behind anything before it', async (t) => {
  t.equal(positionBefore('42'), '41')
  t.equal(positionBefore('17-3'), '17-2')
  t.equal(positionBefore('17-0'), '16-18446744073709551615')
})
