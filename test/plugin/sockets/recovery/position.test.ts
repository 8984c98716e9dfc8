import t from 'tap'
import { createEpoch, formatOffset, sequenceOf } from '../../../../plugin/sockets/recovery/position.js'

t.test('an offset is a position in its own epoch only', async (t) => {
  const [epoch, other] = [createEpoch(), createEpoch()]
  t.equal(sequenceOf(formatOffset(epoch, 7), epoch, 10), 7)
  t.equal(sequenceOf(formatOffset(other, 7), epoch, 10), 0)
  t.equal(sequenceOf('', epoch, 10), 0)
})

t.test('an offset that was never sent is undefined', async (t) => {
  const epoch = createEpoch()
  t.equal(sequenceOf(formatOffset(epoch, 11), epoch, 10), undefined, 'an offset that was not sent yet')
  for (const text of ['7', 'tock', `${epoch}.`, `${epoch}.x`, '1700000000000-0', `${epoch}.7 `]) {
    t.equal(sequenceOf(text, epoch, 10), undefined, text)
  }
})
