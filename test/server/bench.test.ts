import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { renderComparison } from '../../bench/comparison.js'
import { CONTENDERS, type Contender } from '../../bench/contenders.js'
import { readOptions } from '../../bench/options.js'
import { renderPage } from '../../bench/page.js'
import type { Results } from '../../bench/results.js'
import { SCENARIOS, type Scenario } from '../../bench/scenarios.js'
import { renderSummary, renderTargets, renderVersions } from '../../bench/table.js'
import { compareTargets, TARGETS } from '../../bench/targets.js'
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
  t.match(stdout, /^ {2}ours +engine\.io 6\.\d+\.\d+ +ws 8\..* +socket\.io 4\..* +fastify 5\./m)
  t.match(stdout, /^echo-4: validated echo/m)
  t.match(stdout, /^ {2}ours +\d+\.\d\d/m)
  t.match(stdout, /^ {2}ratio to bare +bare +bare again +ours +noise$/m)
  t.match(stdout, /^ {2}heap-1 +ours +ratio +\d\.\d\d +0\.88 +(pass|MISS)/m)

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
  const { leftOut, isSaved, names } = readOptions(['--quick'])
  t.notOk(names.includes('ours newest'), 'no packages are installed')
  t.match(
    leftOut,
    /Left out: ours newest; broadcast-1000, .* of heap-1, heap-5, startup all but bare and ours; .*nest, but for echo-4/,
  )
  t.notOk(isSaved)

  t.strictSame(partsOf('--quick', '--only', 'broadcast-1000,heap-1'), [
    { id: 'broadcast-1000', isWithPeers: true },
    { id: 'heap-1', isWithPeers: true },
  ])
  t.equal(partsOf('--quick', '--with', 'nest').length, partsOf().length)
  t.ok(readOptions(['--quick', '--with', 'ours newest']).names.includes('ours newest'))
  t.equal(readOptions([]).leftOut, undefined)
})

t.test('each target is of a contender that takes part in its scenario', async (t) => {
  const all: readonly Contender[] = CONTENDERS
  for (const { scenario: id, contender: name, below = name, p50Of = name } of TARGETS) {
    const { without } = SCENARIOS.find((scenario) => scenario.id === id) as Scenario
    for (const each of [name, below, p50Of]) {
      const { only } = all.find((contender) => contender.name === each) as Contender
      t.ok(!without.includes(each) && (only?.includes(id) ?? true), `${each} in ${id}`)
    }
  }
})

t.test('a run prints for each target whether it is met, and where the noise is too large to say so', async (t) => {
  const targetsOf = (...measured: Parameters<typeof measuredOf>) =>
    renderTargets(compareTargets([measuredOf(...measured)]))
  t.match(targetsOf(0.5), /echo-4 +ours +ratio +0\.50 +0\.50 +pass\n\n1 of 1 targets are met\.$/)
  t.match(
    targetsOf(0.51, { noise: 0.06 }),
    /0\.51 +0\.50 +MISS, noisy\n\n0 of 1 targets are met\.\n\nThe noise is above 0\.05 in echo-4: measure them again\.$/,
  )
  t.equal(renderTargets(compareTargets([])), undefined)
  const figureOf = (contender: string, ratio: number) => ({
    contender,
    value: 400,
    ratio,
    uncertainty: 0,
    p50Ms: ratio,
  })
  const figures = [figureOf('bare', 1), figureOf('ws', 0.7), figureOf('ours', 0.6)]
  const verdicts = ['broadcast-500', 'paced', 'startup'].flatMap((id) =>
    compareTargets([{ ...measuredOf(0.5), id, unit: 'ms', figures }]),
  )
  t.strictSame(
    verdicts.map(({ what, got, most, isMet }) => [what, got, most, isMet]),
    [
      ['ratio', 0.6, 0.7, true],
      ['ratio, below ws', 0.6, 0.7, true],
      ['ratio', 0.6, 0.78, true],
      ['p50 ms, of bare', 0.6, 1, true],
      ['ms', 400, 500, true],
    ],
  )
})

t.test('a run prints the versions of ours, and of ours newest if it is measured', async (t) => {
  const locked = { 'engine.io': '6.6.12', ws: '8.21.0', 'socket.io': '4.8.4', fastify: '5.12.8' }
  const newest = Object.fromEntries(Object.keys(locked).map((name) => [`${name} (newest)`, '9.9.9']))
  t.match(renderVersions(locked), /ours +engine\.io 6\.6\.12 +ws 8\.21\.0 +socket\.io 4\.8\.4 +fastify 5\.12\.8$/)
  t.match(renderVersions({ ...locked, ...newest }), /\n +ours newest +engine\.io 9\.9\.9 .* fastify 9\.9\.9$/)
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
  const line = '| validated <echo> | – | **0.50** | – | – | – | – | – | – | – | – | – | – | ±0.02 |'
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
