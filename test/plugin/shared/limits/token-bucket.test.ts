import t from 'tap'
import { createBucket } from '../../../../plugin/shared/limits/token-bucket.js'

t.test('a bucket holds the tokens of two seconds, and take() returns the time until the next one', async (t) => {
  let now = 1_000
  const bucket = createBucket(2, () => now)
  for (let token = 1; token <= 4; token++) t.equal(bucket.take(), 0, `token ${token}`)
  t.equal(bucket.take(), 500)
  now += 200
  t.equal(bucket.take(), 300)
  now += 300
  t.equal(bucket.take(), 0)
  t.equal(bucket.take(), 500)
})

t.test('unused tokens do not accumulate beyond the burst', async (t) => {
  let now = 0
  const bucket = createBucket(1, () => now)
  now += 3_600_000
  t.strictSame([bucket.take(), bucket.take(), bucket.take()], [0, 0, 1_000])
})

t.test('a refused take() costs no token, and the wait is in whole milliseconds', async (t) => {
  let now = 0
  const bucket = createBucket(3, () => now)
  for (let token = 1; token <= 6; token++) bucket.take()
  t.equal(bucket.take(), 334)
  t.equal(bucket.take(), 334)
  now += 334
  t.equal(bucket.take(), 0)
})

t.test('a rate of 0 is no limit', async (t) => {
  const bucket = createBucket(0, () => 0)
  for (let count = 0; count < 1_000; count++) if (bucket.take() !== 0) t.fail('a token is missing')
})
