import t from 'tap'
import { readUpTo } from '../../../../plugin/adapters/sessions/reading-up.js'

/*
 * A node that is behind what a client has received.
 */

t.test('a client waits until the node has read what the client has received', async (t) => {
  // A server has something that keeps it alive.
  const server = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(server))
  const log = { offset: 'a.9-0.0' }
  let isRead = false
  const read = readUpTo(log, 'a.10-0.3').then((is) => {
    isRead = is
  })
  await new Promise(setImmediate)
  t.notOk(isRead)
  log.offset = 'a.10-0.999999999'
  await read
  t.ok(isRead)
})

t.test('an offset of another epoch, or of none, is not waited for', async () => {
  for (const offset of ['b.10-0.3', '', 'nope']) await readUpTo({ offset: 'a.9-0.0' }, offset)
})
