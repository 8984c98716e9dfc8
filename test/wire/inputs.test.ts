import { setImmediate as nextLoop } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { heard, join, next, until } from '../plugin/harness.js'
import { INPUTS, type Input, type Outcome } from './inputs.js'
import { observe } from './observe.js'
import { startTarget, type Target } from './server.js'

// Thousands of inputs, on a machine that may be busy with other work.
t.setTimeout(120_000)

/** Uncaught errors: without these listeners they would end the process. */
const uncaught: unknown[] = []
process.on('uncaughtException', (error) => uncaught.push(error))
process.on('unhandledRejection', (error) => uncaught.push(error))

/** Whether an input may reach a handler that often. */
function isAllowed({ calls, outcome }: Input, count: number): boolean {
  // 400 tokens at once, and those that are added meanwhile.
  if (calls === 'limited') return count >= 400 && count < 700
  const answers = typeof outcome === 'object' && 'answers' in outcome ? outcome.answers : {}
  return count === (calls ?? answers.ok ?? (outcome === 'handled' ? 1 : 0))
}

/** The bucket for joins gets a token every ten milliseconds, also while a slow machine still reads the input. */
function isRefilled(expected: Outcome, actual: unknown): boolean {
  const [most, joined] = [expected, actual].map((outcome) => Object(Object(outcome).answers).joined)
  return joined > most && joined <= most + 10
}

async function canary(t: Test, { port }: Target) {
  const socket = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['websocket'] })
  await next(socket, 'connect')
  return socket
}

t.test('the table has at least 150 different hostile inputs', async (t) => {
  t.ok(INPUTS.length >= 150, `${INPUTS.length} inputs`)
  t.equal(
    new Set(INPUTS.map(({ level, name }) => `${level}: ${name}`)).size,
    INPUTS.length,
    'each input has its own name',
  )
  const sent = INPUTS.map(({ name, level, outcome, ...rest }) => JSON.stringify(rest))
  t.equal(new Set(sent).size, INPUTS.length, 'no two inputs are equal')
})

t.test('each hostile input has the outcome in the table, and does not affect another client', async (t) => {
  const target = await startTarget()
  t.teardown(() => target.app.close())
  const { engine } = target.app.io
  const socket = await canary(t, target)
  await observe(target.port, INPUTS[0] as Input)
  const resources = countResources()

  for (const input of INPUTS) {
    await t.test(`${input.level}: ${input.name}`, async (t) => {
      const before = target.calls.count
      const outcome = await observe(target.port, input)
      t.strictSame(isRefilled(input.outcome, outcome) ? input.outcome : outcome, input.outcome, 'the outcome')
      const calls = target.calls.count - before
      t.ok(isAllowed(input, calls), `a handler was called ${calls} times`)
      const { text } = { text: input.name.slice(0, 100) }
      t.strictSame(
        await socket.timeout(10_000).emitWithAck('echo', { text }),
        { ok: true, data: { text } },
        'the other client gets an ack',
      )
      t.strictSame(uncaught.splice(0), [], 'no uncaught error')
    })
  }

  // Connections that a client has left are closed at the engine's next ping.
  await until(() => engine.clientsCount === 1)
  t.equal(engine.clientsCount, 1, 'only the other client is left')
  t.equal(target.app.io.of('/chat').sockets.size, 1)
  t.equal(target.app.io.of('/plain').sockets.size, 0)
  t.equal(target.app.io.of('/').sockets.size, 0)
  // A TCP connection is closed some time after its engine session.
  await until(() => isDeepStrictEqual(countResources(), resources))
  t.strictSame(countResources(), resources, 'no timer and no handle is left')
})

t.test('after joining and leaving a hundred times no socket is left', async (t) => {
  const target = await startTarget()
  t.teardown(() => target.app.close())
  const socket = await canary(t, target)
  const other = socket.io.socket('/plain')
  for (let rest = 100; rest > 0; rest--) {
    const left = target.app.io.of('/plain').sockets.size
    t.equal(left, 0)
    if (!other.active) other.connect()
    await next(other, 'connect')
    const [joined] = target.app.io.of('/plain').sockets.values()
    const gone = joined && heard(joined, 'disconnect')
    other.disconnect()
    await gone
  }
})

t.test('the heap does not grow with hostile inputs', async (t) => {
  const target = await startTarget()
  t.teardown(() => target.app.close())
  const socket = await canary(t, target)
  // Without those that end by a timeout: their engine sessions stay open for a while.
  const inputs = INPUTS.filter(({ transport, level, outcome }) => {
    return transport !== 'http' && level !== 'rate' && !(typeof outcome === 'object' && 'http' in outcome)
  })
  const round = async () => {
    for (const input of inputs) await observe(target.port, input)
    await until(() => target.app.io.engine.clientsCount === 1)
    uncaught.length = 0
  }
  const heap = await heapAfter(round)
  const sizes = [heap]
  for (let rest = 3; rest > 0; rest--) sizes.push(await heapAfter(round))
  const growth = (sizes.at(-1) as number) - heap
  t.ok(growth < 2_000_000, `${inputs.length * 3} inputs have left ${growth} bytes: ${sizes.join(', ')}`)
  t.ok(socket.connected)
})

async function heapAfter(round: () => Promise<void>): Promise<number> {
  await round()
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let rest = 3; rest > 0; rest--) {
    await nextLoop()
    gc()
  }
  return process.memoryUsage().heapUsed
}

/** Counts the resources that keep the process running, by kind. */
function countResources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  delete counts.Immediate
  return counts
}
