import t from 'tap'
import { OwnValues } from '../../../../plugin/sockets/retained/own-values.js'

/*
 * The values that one node keeps for itself.
 */

const encoded = (text: string) => ({ text, attachments: [Buffer.from('1')] })
const mark = { emit: 'x', key: 'k', isRemoval: false, most: 1, ttlMs: 1_000 }

t.test('values are kept for ttlMs after the last one of their emit', async (t) => {
  let now = 0
  const kept = new OwnValues(() => now)
  kept.apply('/a', undefined, { ...mark, most: 9 }, encoded('one'))
  now = 999
  kept.apply('/a', undefined, { ...mark, most: 9, key: 'other' }, encoded('two'))
  now = 1_998
  t.equal(kept.find('/a', undefined)?.values.length, 2)
  now = 1_999
  t.equal(kept.find('/a', undefined)?.values.length, 0)
  kept.apply('/a', undefined, { ...mark, most: 9, key: 'third' }, encoded('three'))
  t.match(kept.find('/a', undefined)?.values, [{ key: 'third' }])
  t.equal(kept.find('/a', 'room'), undefined)
})

t.test('beyond 10,000 places, and 64 MB, those that were written longest ago are dropped', async (t) => {
  const kept = new OwnValues(() => 0)
  for (let at = 0; at <= 10_000; at++) kept.apply(`/${at}`, 'room', mark, encoded('x'))
  t.equal(kept.find('/0', 'room'), undefined)
  t.ok(kept.find('/1', 'room'))
  const long = 'x'.repeat(60_000)
  for (let at = 0; at < 1_200; at++) kept.apply(`/long/${at}`, undefined, mark, encoded(long))
  t.equal(kept.find('/10000', 'room'), undefined)
  t.equal(kept.find('/long/80', undefined), undefined)
  t.ok(kept.find('/long/90', undefined))
  kept.apply('/long/1199', undefined, { ...mark, isRemoval: true }, encoded('x'))
  t.equal(kept.find('/long/1199', undefined), undefined, 'a place without values is forgotten')
})
