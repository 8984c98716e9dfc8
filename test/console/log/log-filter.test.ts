import t from 'tap'
import { parseFilter, termsOf, toggleTerm } from '../../../console/log/log-filter.js'
import { createLogStore } from '../../../console/log/log-store.js'
import type { LogEntry } from '../../../console/log/log-types.js'
import { createLogView } from '../../../console/log/log-view.js'
import { logEntry, logInput } from './log-entry.js'

function isShown(filter: string, entry: Partial<LogEntry>): boolean {
  const { test, problem } = { test: undefined, ...parseFilter(filter) }
  if (!test) throw new Error(problem)
  return test(logEntry(entry))
}

const CASES: readonly (readonly [filter: string, entry: Partial<LogEntry>, shown: boolean])[] = [
  ['', {}, true],
  ['  ', {}, true],
  ['ns:/chat', { address: '/chat' }, true],
  ['ns:/ch', { address: '/chat' }, true],
  ['ns:/chat', { address: '/orgs/1' }, false],
  ['ns:/orgs/*/rooms', { address: '/orgs/42/rooms' }, true],
  ['ns:/orgs/*/rooms', { address: '/orgs/42/rooms/7' }, false],
  ['ns:/orgs/', { address: '/orgs/42' }, true],
  ['ns:"/"', { address: '/' }, true],
  ['ns:"/"', { address: '/chat' }, false],
  ['ns:', { address: '/chat' }, true],
  ['ev:message:*', { event: 'message:new' }, true],
  ['ev:message', { event: 'message:new' }, true],
  ['ev:*:new', { event: 'message:new' }, true],
  ['ev:*:new', { event: 'message:newer' }, false],
  ['ev:a.c', { event: 'abc' }, false],
  ['ev:"two words"', { event: 'two words' }, true],
  ['ev:*', { event: 'line\nend' }, true],
  ['id:2', { identity: 2 }, true],
  ['id:2', { identity: 1 }, false],
  ['is:in', { kind: 'in' }, true],
  ['is:in', { kind: 'ack-in' }, false],
  ['is:ack', { kind: 'ack-in' }, true],
  ['is:ack', { kind: 'ack-out' }, true],
  ['is:in,out', { kind: 'out' }, true],
  ['is:error', { kind: 'ack-in', isError: true }, true],
  ['is:error', { kind: 'ack-in' }, false],
  ['-is:note', { kind: 'note' }, false],
  ['hello', { text: '["Hello"]' }, true],
  ['ÄRGER', { text: '["ärger"]' }, true],
  ['message', { event: 'message:new', text: '[]' }, true],
  ['/chat', { address: '/chat', text: '[]' }, true],
  ['-hello', { text: '["Hello"]' }, false],
  ['-', {}, true],
  ['"two words"', { text: '["two  words"]' }, false],
  ['"two words"', { text: '["two words"]' }, true],
  ['"not closed', { text: '["not closed"]' }, true],
  ['"say \\"hi\\""', { text: JSON.stringify(['say "hi"']) }, true],
  ['{"id":1}', { text: '[{"id":1}]' }, true],
  ['a*c', { text: '["abc"]' }, false],
  ['/h.llo/', { text: '["Hello"]' }, false],
  ['/h.llo/i', { text: '["Hello"]' }, true],
  ['-/h.llo/i', { text: '["Hello"]' }, false],
  ['/a b/', { text: '["a b"]' }, true],
  ['/a\\/b/', { text: '["a/b"]' }, true],
  ['hello ns:/chat -is:error', { text: '["hello"]' }, true],
  ['hello ns:/chat -is:error', { text: '["hello"]', isError: true }, false],
  ['end', { text: `["${'x'.repeat(20_000)} end"]` }, false],
]

for (const [filter, entry, shown] of CASES)
  t.equal(
    isShown(filter, entry),
    shown,
    `${filter || 'no filter'} ${shown ? 'shows' : 'hides'} ${JSON.stringify(entry).slice(0, 80)}`,
  )

t.test('a regular expression that is not valid is a problem', async (t) => {
  t.match(parseFilter('/(/').problem, /Unterminated group/)
})

t.test('an unknown kind is a problem that names the known ones', async (t) => {
  t.equal(parseFilter('is:ok').problem, 'is:ok is none of in, out, ack, item, note and error')
  t.match(parseFilter('is:constructor').problem, /none of/)
})

t.test('a term is toggled at the end of a filter', async (t) => {
  t.equal(toggleTerm('ns:/chat "a b"', '-is:in'), 'ns:/chat "a b" -is:in')
  t.equal(toggleTerm('-is:in  ns:/chat "a b"', '-is:in'), 'ns:/chat "a b"')
  t.strictSame(termsOf(' ns:/chat  /a b/i -"x y" '), ['ns:/chat', '/a b/i', '-"x y"'])
})

t.test('100,000 entries are filtered in one go', async (t) => {
  const log = createLogStore()
  for (let number = 0; number < 100_000; number++)
    log.add(logInput({ event: `message:${number % 50}`, args: [{ id: number, name: 'Ada', text: `Hello ${number}` }] }))
  const view = createLogView(log)
  for (const [filter, count] of [
    ['hello -ada', 0],
    ['"hello 9999"', 11],
    ['/lo 9+"/i', 5],
    ['ev:message:7 -ada', 0],
    ['is:in ns:/chat', 100_000],
  ] as const) {
    const started = process.cpuUsage()
    view.setFilter(filter)
    t.comment(`${filter}: ${process.cpuUsage(started).user / 1000} ms`)
    t.equal(view.rows.size, count, filter)
  }
})
