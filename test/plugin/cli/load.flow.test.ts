import { readFile } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { renderHtml } from '../../../plugin/cli/load/load-report.js'
import { createLoadStatistics } from '../../../plugin/cli/load/load-statistics.js'
import { drawPlot } from '../../../plugin/cli/load/svg-plot.js'
import { CHAT, linesOf, run, serve } from './live-harness.js'

// Beside other tests, processes and clients take their time.
t.setTimeout(120_000)

const SCENARIO = `
name: Load & <test>
secrets: [pin]
variables: { pin: "4711" }
steps:
  - join: /chat
    auth: { name: "client {{number}}" }
  - call: message:send
    payload: { text: "{{number}}" }
  - send: nothing
  - call: message:send
    payload: { text: bad }
    expect: { ok: false }
`

t.test('load runs a scenario with many clients, and reports figures', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const cwd = t.testdir({ 'scenario.yaml': SCENARIO })
  const { code, out, err } = await run(
    ['load', `${url}/?secret=hidden-secret`, '--scenario', 'scenario.yaml', '--clients', '4', '--rate', '20'].concat([
      '--ramp',
      '100ms',
      '--duration',
      '2500ms',
      '--json',
      '--html',
      'load.html',
    ]),
    { cwd },
  )
  t.equal(code, 0, err)
  const [figures] = linesOf(out) as [Record<string, never>]
  t.match(figures, { scenario: 'Load & <test>', url: `${url}/`, clients: 4, rate: 20, rampMs: 100 })
  t.match(figures, {
    joins: { count: 4, failed: 0 },
    errors: {},
    calls: { failed: 0, latency: { p50: Number, max: Number } },
  })
  t.ok(Number(Object(figures.calls).count) > 8, 'each client has called more than once')
  t.ok(Number(Object(figures.calls).latency.p50) > 0)
  t.match(err, /^1 s: 4 clients, [\d.]+ calls\/s, p99 [\d.]+ ms, 0 errors\/s\n/)
  const html = await readFile(joinPath(cwd, 'load.html'), 'utf8')
  t.match(html, '<h1>Load &#38; &#60;test&#62;: ')
  t.notMatch(html, /<script|<link|src=|url\(|https:|@import|hidden-secret/)
  t.equal(html.match(/<svg /g)?.length, 3)
})

t.test('load counts errors by code, and joins again what was disconnected', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const steps = '- join: /chat\n  - call: nothing\n    expect: { ok: false }\n'
  const failing = t.testdir({
    'scenario.yaml': `steps:\n  ${steps}`,
    'leave.yaml': 'steps:\n  - join: /chat\n  - call: leave\n',
  })
  const common = ['--clients', '2', '--rate', '10', '--ramp', '10ms', '--duration', '3s']
  const unexpected = await run(['load', url, '--scenario', 'scenario.yaml', ...common], { cwd: failing })
  t.match(
    unexpected.out,
    /^scenario.yaml: 2 clients, .*\njoins: 2, failed 0; ms: mean .*\nerrors\n {2}UNEXPECTED: \d+\n$/s,
  )
  t.equal(unexpected.code, 0)
  const left = await run(['load', url, '--scenario', 'leave.yaml', ...common, '--json'], { cwd: failing })
  const [{ joins, errors }] = linesOf(left.out) as [{ joins: { count: number }; errors: Record<string, number> }]
  t.ok(joins.count > 2, 'they have joined again')
  t.strictSame(Object.keys(errors), ['DISCONNECTED'])
})

t.test('an iteration that takes longer than its interval makes the next one late', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const cwd = t.testdir({ 'scenario.yaml': 'steps:\n  - join: /chat\n  - expect-emit: none\n    timeout: 50ms\n' })
  const { out } = await run(
    [
      'load',
      url,
      '--scenario',
      'scenario.yaml',
      '--clients',
      '1',
      '--rate',
      '100',
      '--ramp',
      '0ms',
      '--duration',
      '2s',
      '--json',
    ],
    { cwd },
  )
  const [{ late, errors }] = linesOf(out) as [{ late: number; errors: Record<string, number> }]
  t.ok(late > 0)
  t.ok(Number(errors.UNEXPECTED) > 0)
})

t.test(
  'load ends when its time is over, whatever the garbage collector does meanwhile',
  { timeout: 120_000 },
  async (t) => {
    const url = await serve(t, { '/chat': CHAT })
    const cwd = t.testdir({ 'scenario.yaml': 'steps:\n  - join: /chat\n' })
    setFlagsFromString('--expose-gc')
    const collecting = setInterval(runInNewContext('gc'), 50)
    t.teardown(() => clearInterval(collecting))
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), 60_000)
    t.teardown(() => clearTimeout(timer))
    const options = ['--clients', '1', '--ramp', '0ms', '--duration', '1s']
    const { code } = await run(['load', url, '--scenario', 'scenario.yaml', ...options], { cwd, signal: late.signal })
    t.equal(code, 0)
    t.notOk(late.signal.aborted)
  },
)

t.test('load ends early with the terminal, and fails if no client could join', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const cwd = t.testdir({ 'scenario.yaml': 'steps:\n  - join: /nowhere\n' })
  const ending = new AbortController()
  const { code, out, err } = await run(
    ['load', url, '--scenario', 'scenario.yaml', '--duration', '60m', '--clients', '100'],
    {
      cwd,
      signal: ending.signal,
      onReport: () => ending.abort(),
    },
  )
  t.equal(code, 1)
  t.match(out, /no errors|FST_NSP_NAMESPACE_UNKNOWN/)
  t.match(err, /No client could join/)
})

t.test('a load run that is ended before it begins has figures of nothing', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const cwd = t.testdir({ 'scenario.yaml': SCENARIO })
  const ended = new AbortController()
  ended.abort()
  const { code, out } = await run(['load', url, '--scenario', 'scenario.yaml', '--html', 'load.html'], {
    cwd,
    signal: ended.signal,
  })
  t.equal(code, 1)
  t.match(out, /\nno errors\n$/)
  t.match(await readFile(joinPath(cwd, 'load.html'), 'utf8'), '<p>No errors</p>')
})

t.test('errors are listed by code', async (t) => {
  const setting = { scenario: 's', url: 'u', clients: 1, rate: 1, rampMs: 0 }
  const statistics = createLoadStatistics()
  statistics.record('call', 1, 'BROKEN')
  statistics.endMoment(1000, 1)
  t.match(renderHtml(setting, statistics.figures(1000)), '<td>BROKEN</td><td>1</td>')
})

t.test('load refuses wrong options', async (t) => {
  const cwd = t.testdir({ 'scenario.yaml': SCENARIO })
  const load = ['load', 'http://127.0.0.1:1', '--scenario', 'scenario.yaml']
  t.match(await run([...load, '--rate', '0'], { cwd }), { code: 2, err: /--rate has to be a number above 0/ })
  t.match(await run([...load, '--clients', 'x'], { cwd }), { code: 2, err: /--clients has to be a whole number/ })
  t.match(await run([...load, '--ramp', 'x'], { cwd }), { code: 2, err: /--ramp has to be a duration/ })
  t.match(await run(['load', 'http://127.0.0.1:1'], { cwd }), { code: 2, err: /--scenario/ })
})

t.test('the figures take bounded memory, however many codes a server invents', async (t) => {
  const statistics = createLoadStatistics()
  for (let index = 0; index < 150; index++) statistics.record('other', 0, `CODE_${index}`)
  statistics.record('call', 2, undefined)
  statistics.record('other', 2, undefined)
  const { errors, calls } = statistics.figures(1000)
  t.equal(Object.keys(errors).length, 101)
  t.match([errors.others, calls.count, calls.latency.p50], [50, 1, Number])
})

t.test('a plot of nothing but zeros is drawn', async (t) => {
  const plot = drawPlot({
    title: 'T',
    unit: 'u',
    lines: [{ name: 'n', colour: 'a', points: [[5, 0]] }],
    labelOf: String,
  })
  t.notMatch(plot, /NaN|Infinity/)
  t.match(
    drawPlot({ title: 'T', unit: 'u', lines: [{ name: 'n', colour: 'a', points: [[0, 9]] }], labelOf: String }),
    '>10</text>',
  )
})
