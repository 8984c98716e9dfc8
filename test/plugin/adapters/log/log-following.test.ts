import t from 'tap'
import { LogFollowing } from '../../../../plugin/adapters/log/log-following.js'

/*
 * How a node begins to follow a log.
 */

t.test('a log whose broker fails meanwhile is followed by another try', async (t) => {
  // A server has something that keeps it alive.
  const server = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(server))
  let tries = 0
  const broker = {
    isConnected: true,
    follow: () => (++tries === 1 ? Promise.reject(new Error('The connection was lost')) : Promise.resolve('7-0')),
    unfollow() {},
  }
  const begun: string[] = []
  const writer = { hold() {}, resume() {} }
  const begin = async (end: string) => void begun.push(end)
  const following = new LogFollowing({ number: 0, broker, writer, begin, end() {} })
  await following.hold()
  following.close()
  t.strictSame([tries, begun], [2, ['7-0']])
})
