import t from 'tap'
import { createLogStore, type LogStoreSettings } from '../../../console/log/log-store.js'
import { logInput } from './log-entry.js'

/** A log whose time passes by `pass()`. */
function createLog(settings: LogStoreSettings = {}) {
  const callbacks: (() => void)[] = []
  let time = 1000
  const log = createLogStore({ now: () => time, later: (callback) => callbacks.push(callback), ...settings })
  const pass = () => {
    time += 120
    for (const callback of callbacks.splice(0)) callback()
  }
  return { log, pass }
}

const numbers = (entries: readonly { readonly number: number }[]) => entries.map(({ number }) => number)

t.test('an entry has a number, its time, and its arguments as text', async (t) => {
  const { log } = createLog()
  log.add(logInput({ ms: 3 }))
  t.strictSame(log.entries(), [
    {
      kind: 'in',
      identity: 1,
      address: '/chat',
      event: 'message:new',
      ms: 3,
      number: 1,
      at: 1000,
      text: '[{"text":"hi"}]',
    },
  ])
})

t.test('the oldest entries go first, and numbers are never reused', async (t) => {
  const { log, pass } = createLog({ maxEntries: 3 })
  for (let count = 0; count < 10; count++) log.add(logInput())
  pass()
  t.strictSame(numbers(log.entries()), [8, 9, 10])
  t.strictSame(log.counts.getSnapshot(), { held: 3, dropped: 7, total: 10 })
})

t.test('the log is bounded in bytes, and counts two for a character beyond Latin', async (t) => {
  const { log } = createLog({ maxBytes: 2000 })
  log.add(logInput({ args: ['a'.repeat(700)] }))
  log.add(logInput({ args: ['b'.repeat(700)] }))
  t.strictSame(numbers(log.entries()), [1, 2])
  log.add(logInput({ args: ['я'.repeat(700)] }))
  t.strictSame(numbers(log.entries()), [3])
})

t.test('an entry larger than the whole log tells only its length', async (t) => {
  const { log } = createLog({ maxBytes: 1000 })
  log.add(logInput({ args: ['a'.repeat(2000)] }))
  t.equal(log.entries()[0]?.text, '["(2004 characters: too long for the log)"]')
})

t.test('a text of 5 MB is kept', async (t) => {
  const { log } = createLog()
  log.add(logInput({ args: ['a'.repeat(5_000_000)] }))
  log.add(logInput())
  t.equal(log.entries()[0]?.text.length, 5_000_004)
})

t.test('counts tell the first entry at once, and the next ones together after 120 ms', async (t) => {
  const { log, pass } = createLog()
  const totals: number[] = []
  log.counts.subscribe(() => totals.push(log.counts.getSnapshot().total))
  for (let count = 0; count < 5; count++) log.add(logInput())
  t.strictSame(totals, [1])
  pass()
  t.strictSame(totals, [1, 5])
  pass()
  log.add(logInput())
  t.strictSame(totals, [1, 5, 6])
})

t.test('a listener hears of each entry at once', async (t) => {
  const { log } = createLog()
  const heard: number[] = []
  const end = log.onEntry(({ number }) => heard.push(number))
  log.add(logInput())
  log.add(logInput())
  end()
  log.add(logInput())
  t.strictSame(heard, [1, 2])
})

t.test('entries after a number are those that are new', async (t) => {
  const { log } = createLog({ maxEntries: 5 })
  for (let count = 0; count < 9; count++) log.add(logInput())
  t.strictSame(numbers(log.entries(7)), [8, 9])
  t.strictSame(numbers(log.entries(2)), [5, 6, 7, 8, 9])
  t.strictSame(log.entries(9), [])
})

t.test('clear() forgets all entries and counts on', async (t) => {
  const { log } = createLog()
  log.add(logInput())
  log.clear()
  t.strictSame(log.counts.getSnapshot(), { held: 0, dropped: 0, total: 1 })
  log.add(logInput())
  t.strictSame(numbers(log.entries()), [2])
})

t.test('a full log takes an entry in microseconds', async (t) => {
  const { log } = createLog({ maxEntries: 100_000 })
  const input = logInput()
  for (let count = 0; count < 100_000; count++) log.add(input)
  const started = process.cpuUsage()
  for (let count = 0; count < 100_000; count++) log.add(input)
  t.comment(`${process.cpuUsage(started).user / 100_000} µs an entry`)
  t.equal(log.entries().length, 100_000)
})
