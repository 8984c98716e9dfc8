import t from 'tap'
import { SettledPlaces } from '../../../../plugin/stores/outbox/settled-places.js'

t.test('a place is settled half a minute after it was reached', async (t) => {
  let now = 0
  const places = new SettledPlaces(() => now)
  const at = (ms: number, place: bigint) => {
    now = ms
    return places.note(place)
  }
  t.equal(at(0, 0n), 0n)
  t.equal(at(100, 5n), 0n)
  t.equal(at(200, 6n), 0n, 'one place a second is noted')
  t.equal(at(2_000, 7n), 0n)
  t.equal(at(30_099, 7n), 0n)
  t.equal(at(30_100, 7n), 5n)
  t.equal(at(32_000, 7n), 7n)
  t.equal(at(90_000, 7n), 7n)
})
