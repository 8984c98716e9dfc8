import t from 'tap'
import { SessionWriter } from '../../../../plugin/adapters/sessions/session-writer.js'

/*
 * What is asked of a broker that is away.
 */

t.test('a closing node does not wait for the broker to give a session back', async (t) => {
  const broker = { takeSession: () => Promise.reject(new Error('It is away')) }
  const writer = new SessionWriter({ broker: broker as never, waitMs: 1, report: () => {} })
  const taken = writer.take('a private id')
  await writer.close(() => true)
  t.equal(await taken, undefined)
})
