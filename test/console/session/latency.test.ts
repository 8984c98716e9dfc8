import t from 'tap'
import { latencyOf } from '../../../console/session/latency.js'

t.test('a latency counts the round trips of its kind only', async (t) => {
  const acks = Array.from({ length: 100 }, (_, index) => ({ at: index, ms: 100 - index, kind: 'ack' as const }))
  const trips = [...acks, { at: 0, ms: 7, kind: 'join' as const }]
  t.strictSame(latencyOf(trips, 'ack'), { count: 100, min: 1, median: 50, p95: 95 })
  t.strictSame(latencyOf(trips, 'join'), { count: 1, min: 7, median: 7, p95: 7 })
  t.equal(latencyOf([], 'ack'), undefined)
})
