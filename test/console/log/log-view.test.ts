import t from 'tap'
import { createLogStore } from '../../../console/log/log-store.js'
import { createLogView } from '../../../console/log/log-view.js'
import { logInput } from './log-entry.js'

/** A log of four entries at most, whose counts are told at once. */
function createSmallLog() {
  const log = createLogStore({ maxEntries: 4, later: (callback) => callback() })
  const view = createLogView(log)
  const add = (...events: readonly string[]) => {
    for (const event of events) log.add(logInput({ event, args: [] }))
    view.update()
  }
  const shown = () => view.rows.slice().map(({ event }) => event)
  return { log, view, add, shown }
}

t.test('a view follows its log, and forgets what the log has forgotten', async (t) => {
  const { view, add, shown } = createSmallLog()
  add('a', 'b', 'c')
  t.strictSame(shown(), ['a', 'b', 'c'])
  add('d', 'e')
  t.strictSame(shown(), ['b', 'c', 'd', 'e'])
  t.strictSame([view.added, view.left], [5, 1])
})

t.test('a filter counts for what is there and for what comes', async (t) => {
  const { view, add, shown } = createSmallLog()
  add('a1', 'b1')
  view.setFilter('ev:a')
  t.strictSame(shown(), ['a1'])
  add('a2', 'b2')
  t.strictSame(shown(), ['a1', 'a2'])
  view.setFilter('')
  t.strictSame(shown(), ['a1', 'b1', 'a2', 'b2'])
})

t.test('a filter with a problem leaves the last one in force', async (t) => {
  const { view, add, shown } = createSmallLog()
  view.setFilter('ev:a')
  view.setFilter('ev:a /(/')
  t.match(view.problem, /Unterminated group/)
  add('a', 'b')
  t.strictSame(shown(), ['a'])
})

t.test('a paused view stands still, and loses nothing that its log keeps', async (t) => {
  const { view, add, shown } = createSmallLog()
  add('a')
  view.togglePause()
  add('b', 'c')
  t.strictSame(shown(), ['a'])
  t.equal(view.waiting, 2)
  view.setFilter('-ev:c')
  t.strictSame(shown(), ['a'])
  view.togglePause()
  t.strictSame(shown(), ['a', 'b'])
  t.equal(view.waiting, 0)
})

t.test('a cleared view forgets what waits, too', async (t) => {
  const { view, add, shown } = createSmallLog()
  add('a')
  view.togglePause()
  add('b')
  view.clear()
  t.strictSame(shown(), [])
  t.equal(view.waiting, 0)
  view.togglePause()
  add('c')
  t.strictSame(shown(), ['c'])
})
