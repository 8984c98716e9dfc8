import t from 'tap'
import type { ConnectionState } from '../../../console/session/session-types.js'
import { createWritable } from '../../../console/shared/writable.js'
import { watchDescription } from '../../../console/workbench/description-watch.js'
import type { ServerDescription } from '../../../plugin/definition/contract/description.js'

const versions = ['/a', '/b'].map((path): ServerDescription => ({ version: 1, path, namespaces: [] }))
const [first, second] = versions as [ServerDescription, ServerDescription]

const CONNECTION: ConnectionState = { status: 'idle', openWebSockets: 0, everOpened: 0, reconnects: 0 }

/** A watch with a server, a connection and a clock of the test. */
function setUp({ isLive = true } = {}) {
  const description = createWritable(first)
  const connection = createWritable(CONNECTION)
  const sessions = createWritable([{ connection }])
  const server = { served: first, isAway: false, looks: 0 }
  const page = { isVisible: true, now: 0 }
  let timer: { ms: number; run: () => void } | undefined
  watchDescription({
    description,
    sessions,
    isLive,
    isVisible: () => page.isVisible,
    now: () => page.now,
    later: (ms, run) => {
      const own = { ms, run }
      timer = own
      return () => {
        if (timer === own) timer = undefined
      }
    },
    async fetchDescription() {
      server.looks += 1
      if (server.isAway) throw new Error('refused')
      return structuredClone(server.served)
    },
  })
  /** Lets the time of the timer come; returns how long it was. Undefined if none was set. */
  async function pass(): Promise<number | undefined> {
    const due = timer
    if (!due) return undefined
    timer = undefined
    page.now += due.ms
    due.run()
    await settle()
    return due.ms
  }
  const become = async (status: ConnectionState['status']) => {
    connection.set({ ...connection.getSnapshot(), status })
    await settle()
  }
  return { description, connection, sessions, server, page, pass, become }
}

/** Lets promises that are resolved already call their listeners. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

t.test('without a connection it looks every second, while the page is visible', async (t) => {
  const { description, server, page, pass } = setUp()
  server.served = second
  page.isVisible = false
  t.equal(await pass(), 1_000)
  t.equal(server.looks, 0)
  page.isVisible = true
  t.equal(await pass(), 1_000)
  t.strictSame(description.getSnapshot(), second)
  t.equal(await pass(), 1_000)
  t.equal(server.looks, 2)
})

t.test('a description that is the same is not set again', async (t) => {
  const { description, pass } = setUp()
  await pass()
  t.equal(description.getSnapshot(), first)
})

t.test('while it is connected it does not look, because a lost connection tells', async (t) => {
  const { server, become, pass } = setUp()
  await become('connecting')
  await become('connected')
  const { looks } = server
  t.equal(await pass(), undefined)
  t.equal(server.looks, looks)
})

t.test('a lost connection is a reason to look, often while the server is away, rarely after ten seconds', async (t) => {
  const { description, server, page, become, pass } = setUp()
  await become('connected')
  server.isAway = true
  await become('reconnecting')
  t.equal(await pass(), 150)
  t.equal(await pass(), 150)
  page.now += 10_000
  t.equal(await pass(), 150, 'planned before')
  t.equal(await pass(), 2_000)
  server.isAway = false
  server.served = second
  await pass()
  t.strictSame(description.getSnapshot(), second)
  await become('connected')
  t.equal(await pass(), undefined)
})

t.test('a change during a look is seen by another look', async (t) => {
  const { description, connection, server } = setUp()
  connection.set({ ...CONNECTION, status: 'reconnecting' })
  server.served = second
  connection.set({ ...CONNECTION, status: 'connected' })
  await settle()
  t.equal(server.looks, 2)
  t.strictSame(description.getSnapshot(), second)
})

t.test('in production only a new connection is a reason to look', async (t) => {
  const { description, server, sessions, become, pass } = setUp({ isLive: false })
  t.equal(await pass(), undefined)
  server.isAway = true
  await become('reconnecting')
  t.equal(await pass(), undefined)
  t.equal(server.looks, 0)
  server.isAway = false
  server.served = second
  await become('connected')
  t.strictSame(description.getSnapshot(), second)
  sessions.set([])
  await settle()
  t.equal(server.looks, 1)
})

t.test('a second identity is watched, too', async (t) => {
  const { server, sessions } = setUp({ isLive: false })
  const connection = createWritable(CONNECTION)
  sessions.set([...sessions.getSnapshot(), { connection }])
  connection.set({ ...CONNECTION, status: 'connected' })
  await settle()
  t.equal(server.looks, 1)
})
