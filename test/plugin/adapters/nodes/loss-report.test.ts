import { setInterval } from 'node:timers'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { LossReport } from '../../../../plugin/adapters/nodes/loss-report.js'
import { logLines, until } from '../../harness.js'

const LOST = 'the connection to the broker was lost'
const BACK = 'the connection to the broker is back'

function start(t: Test, everyMs: number) {
  const { lines, logger } = logLines()
  const clock = { time: 0 }
  const { log } = Fastify({ logger } as object)
  const report = new LossReport({ log, broker: 'redis', now: () => clock.time, everyMs })
  // The report lets the process end.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => {
    clearInterval(alive)
    report.close()
  })
  return { report, clock, lines, told: () => lines.map(({ msg }) => msg) }
}

t.test('a loss and its end are a line each, with the broker and the error', async (t) => {
  const { report, lines, told } = start(t, 60_000)
  report.connected()
  t.strictSame(told(), [], 'at first, nothing was lost')
  report.lost(new Error('cut'))
  report.connected()
  t.strictSame(told(), [LOST, BACK])
  t.match(lines, [{ broker: 'redis', err: { message: 'cut' } }, { broker: 'redis' }])
})

t.test('within a minute there is one pair, and then another', async (t) => {
  const { report, clock, told } = start(t, 60_000)
  for (const time of [0, 1_000, 59_999, 60_000, 60_001]) {
    clock.time = time
    report.lost(new Error('cut'))
    report.connected()
  }
  t.strictSame(told(), [LOST, BACK, LOST, BACK])
})

t.test('a loss that was left out is told when it lasts', async (t) => {
  const { report, told } = start(t, 20)
  report.lost(new Error('short'))
  report.connected()
  report.lost(new Error('long'))
  t.strictSame(told(), [LOST, BACK])
  await until(() => told().length === 3)
  report.connected()
  t.strictSame(told(), [LOST, BACK, LOST, BACK])
})
