import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { renderComparison } from '../../bench/comparison.js'
import { readOptions } from '../../bench/options.js'
import { renderPage } from '../../bench/page.js'
import type { Results } from '../../bench/results.js'
import { renderSummary } from '../../bench/table.js'
import { bench, measuredOf, RESULTS, root } from './bench-harness.js'

/*
 * The bench: its output, its options and its tables.
 */

// The bench starts processes, and runs the bundle of `npm run build`.
t.setTimeout(240_000)

t.test('a run of bare and ours writes a table, JSON and a page', async (t) => {
  const out = t.testdir()
  const tiny = ['--quick', '--rounds', '2', '--slice-ms', '20', '--with', 'ours', '--save', '--out', out]
  const { stdout } = await bench(...tiny, '--only', 'echo-4,broadcast-500,heap-1')
  t.match(stdout, /^echo-4: validated echo/m)
  t.match(stdout, /^ {2}ours +\d+\.\d\d/m)
  t.match(stdout, /^ {2}ratio to bare +bare +bare again +ours +noise$/m)

  const results: Results = JSON.parse(readFileSync(join(out, 'latest.json'), 'utf8'))
  t.strictSame(
    results.scenarios.map(({ id }) => id),
    ['echo-4', 'broadcast-500', 'heap-1'],
  )
  for (const { id, figures } of results.scenarios) {
    t.strictSame(
      figures.map(({ contender }) => contender),
      ['bare', 'bare again', 'ours'],
      id,
    )
    t.ok(
      figures.every(({ value, ratio }) => value > 0 && ratio > 0),
      `${id} has figures`,
    )
  }
  t.match(results, { machine: { cpu: String, cores: Number }, versions: { node: /^\d/, 'socket.io': /^4/ } })
  t.notMatch(JSON.stringify(results), root)

  const page = readFileSync(join(out, 'latest.html'), 'utf8')
  t.equal(page.match(/<svg /g)?.length, 3)
  t.match(page, 'prefers-color-scheme: dark')
  t.notMatch(page, /<script|https?:/)
})

t.test('a quick run says what it leaves out, and measures what --only and --with name', async (t) => {
  const partsOf = (...args: string[]) =>
    readOptions(args).scenarios.map(({ id, without }) => ({ id, isWithPeers: !without.includes('nest') }))
  const quick = partsOf('--quick')
  t.notOk(quick.some(({ id }) => id === 'broadcast-1000'))
  t.strictSame(
    quick.filter(({ isWithPeers }) => isWithPeers).map(({ id }) => id),
    ['echo-4', 'raw-4', 'broadcast-500'],
  )
  const { leftOut, isSaved } = readOptions(['--quick'])
  t.match(
    leftOut,
    /Left out: broadcast-1000, .* of heap-1, heap-5, startup all but bare and ours; .*nest, but for echo-4/,
  )
  t.notOk(isSaved)

  t.strictSame(partsOf('--quick', '--only', 'broadcast-1000,heap-1'), [
    { id: 'broadcast-1000', isWithPeers: true },
    { id: 'heap-1', isWithPeers: true },
  ])
  t.equal(partsOf('--quick', '--with', 'nest').length, partsOf().length)
  t.equal(readOptions([]).leftOut, undefined)
})

t.test('an unknown scenario or contender ends the bench with one line and exit code 1', async (t) => {
  const line = /^No scenario echo-5: there are echo-4, .*\n$/
  await t.rejects(bench('--only', 'echo-5'), { code: 1, stdout: '', stderr: line })
  await t.rejects(bench('--with', 'nobody'), { code: 1, stderr: /^No contender nobody: there are ws, / })
  await t.rejects(bench('--check', '--out', t.testdir()), {
    code: 1,
    stderr: /^There are no results to compare with/,
  })
})

t.test('a contender without a figure is shown as a dash, and titles are escaped', async (t) => {
  t.match(renderSummary([measuredOf(0.5)], ['bare', 'ours', 'nest']), /echo-4 +1\.00 +0\.50 +- +±0\.02$/)
  t.match(renderPage(RESULTS), 'validated &lt;echo>')
  const page = 'A\n<!-- speed -->\nold\n<!-- /speed -->\nB\n'
  const line = '| validated <echo> | – | **0.50** | – | – | – | – | – | ±0.02 |'
  t.match(renderComparison(page, RESULTS).split('\n'), [
    'A',
    '<!-- speed -->',
    '',
    /2025/,
    '',
    /^\|/,
    /^\|/,
    line,
    '',
    '<!-- /speed -->',
    'B',
  ])
})
