import t from 'tap'
import { settlesWithin } from '../../../plugin/shared/timeout.js'

t.test('settlesWithin() resolves to whether a promise settled in time, and never rejects', async (t) => {
  t.equal(await settlesWithin(60_000, Promise.resolve()), true)
  t.equal(await settlesWithin(60_000, Promise.reject(new Error('no'))), true)
  t.equal(await settlesWithin(1, new Promise(() => {})), false)
})
