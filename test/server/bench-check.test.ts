import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compareResults } from '../../bench/check.js'
import type { Measured } from '../../bench/measure.js'
import type { Results } from '../../bench/results.js'
import { renderCheck, renderSource } from '../../bench/table.js'
import { bench, measuredOf, RESULTS } from './bench-harness.js'

/*
 * `--check` of the bench: what counts as a regression, and what is printed.
 */

// The bench starts processes, and runs the bundle of `npm run build`.
t.setTimeout(240_000)

t.test('a check exits with 1 if ours was faster in the saved results, and else with 0', async (t) => {
  const check = (ratio: number) => {
    const out = join(t.testdirName, String(ratio))
    mkdirSync(out, { recursive: true })
    const known: Results = { ...RESULTS, scenarios: [{ ...measuredOf(ratio), id: 'raw-4' }] }
    writeFileSync(join(out, 'latest.json'), JSON.stringify(known))
    const tiny = ['--quick', '--rounds', '2', '--slice-ms', '20', '--only', 'raw-4', '--with', 'ours']
    // --save overwrites the results only after they were loaded for the comparison.
    return bench('--check', ...tiny, '--save', '--out', out)
  }
  t.testdir()
  const { stdout } = await check(9)
  t.match(stdout, /raw-4 +ours +9\.00 .* ok\n[\s\S]*No regression\.\n$/)
  await t.rejects(check(0.01), {
    code: 1,
    stdout:
      /^Once more, to be sure: raw-4$[\s\S]*WORSE\n +raw-4, again .*WORSE\n[\s\S]*Regressions: raw-4 \(ours\)\.\n$/m,
  })
})

t.test('a ratio within the noise is no regression, and a ratio beyond it is', async (t) => {
  const before = [measuredOf(0.5)]
  const isWorse = (now: Measured) => compareResults(before, [now]).map((each) => each.isWorse)
  t.strictSame(isWorse(measuredOf(0.5)), [false])
  t.strictSame(isWorse(measuredOf(0.3)), [false])
  t.strictSame(isWorse(measuredOf(0.6)), [true])
  t.strictSame(isWorse(measuredOf(0.6, { noise: 0.2 })), [false], 'the copy of bare is as far off')
  t.strictSame(isWorse(measuredOf(0.6, { uncertainty: 0.1 })), [false], 'the median may be as far off')
  t.strictSame(isWorse({ ...measuredOf(0.9), id: 'new' }), [], 'there is nothing to compare with')
})

t.test('a check prints what was worse, and whether it was worse again in the second measurement', async (t) => {
  const compare = (ratio: number) => compareResults([measuredOf(0.5)], [measuredOf(ratio)])
  t.match(renderCheck(compare(0.5), []), /echo-4 +ours +0\.50 +0\.50 +0\.55 +ok\n\nNo regression\.$/)
  t.match(
    renderCheck(compare(0.8), compare(0.7)),
    /echo-4 +ours +0\.50 +0\.80 +0\.55 +WORSE\n +echo-4, again +ours +0\.50 +0\.70 +0\.55 +WORSE\n\nRegressions: echo-4 \(ours\)\.$/,
  )
  t.match(renderCheck(compare(0.8), compare(0.4)), /WORSE\n +echo-4, again +ours .* ok\n\nNo regression\.$/)
})

t.test('a check prints where noise may hide a regression, and that results are of another machine', async (t) => {
  const noisy = compareResults([measuredOf(0.5, { noise: 0.3 })], [measuredOf(0.5)])
  t.match(
    renderCheck(noisy, []),
    /ok\n\nNoise may hide a regression of a quarter in echo-4 \(ours\)\.\n\nNo regression\.$/,
  )
  t.equal(
    renderSource(RESULTS, RESULTS.machine),
    'Beside the results of 2025-01-31: a CPU, 2 cores, Node.js 20, 24 rounds.',
  )
  t.match(renderSource(RESULTS, { ...RESULTS.machine, cores: 4 }), /another machine/)
})
