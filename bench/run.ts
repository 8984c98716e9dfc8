import { compareResults, regressionsOf } from './check.js'
import { updateComparison } from './comparison.js'
import { chooseCores } from './cores.js'
import { type Measured, measure } from './measure.js'
import { installNewest } from './newest.js'
import { type Options, readOptions } from './options.js'
import { installPeers } from './peers.js'
import { createResults, loadResults, RESULTS, type Results, readMachine, readVersions, saveResults } from './results.js'
import type { Scenario } from './scenarios.js'
import { createServers } from './servers.js'
import { renderCheck, renderScenario, renderSource, renderSummary, renderTargets, renderVersions } from './table.js'
import { compareTargets } from './targets.js'

/*
 * Runs the bench: npm run bench -- --quick | --check | --save | --only echo-4,… | --with ours,…
 * The README of this folder says what is measured and how.
 */

async function measureAll(scenarios: readonly Scenario[], options: Options): Promise<Measured[]> {
  const cores = chooseCores()
  if (cores.server === undefined) console.log('Unpinned: there is no taskset, or only one core to run on.\n')
  const servers = createServers(cores, options.isQuick)
  const all: Measured[] = []
  for (const scenario of scenarios) {
    const measured = await measure(scenario, options.names, { cores, servers, effort: options.effort })
    console.log(renderScenario(measured))
    all.push(measured)
  }
  await servers.stop()
  return all
}

/** Compares with the saved results, and measures worse scenarios again. Returns whether there is a regression. */
async function check(known: Results, measured: readonly Measured[], options: Options): Promise<boolean> {
  const first = compareResults(known.scenarios, measured)
  if (first.length === 0) throw new Error('The results have nothing of what was measured')
  const suspects = options.scenarios.filter(({ id }) => first.some((each) => each.isWorse && each.scenario === id))
  if (suspects.length > 0) console.log(`Once more, to be sure: ${suspects.map(({ id }) => id).join(', ')}\n`)
  const again = suspects.length > 0 ? compareResults(known.scenarios, await measureAll(suspects, options)) : []
  console.log(`${renderSource(known, readMachine())}\n\n${renderCheck(first, again)}`)
  return regressionsOf(first, again).length > 0
}

async function run(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  // loaded before --save overwrites them
  const known = options.isCheck ? loadResults(options.out) : undefined
  installPeers(options.names)
  // imported late, because loading the compiler is slow
  const { transpile } = await import('./transpile.js')
  transpile()
  installNewest(options.names)
  const versions = readVersions(options.names)
  console.log(`${renderVersions(versions)}\n`)
  const measured = await measureAll(options.scenarios, options)
  console.log(`${renderSummary(measured, options.names)}\n`)
  const targets = renderTargets(compareTargets(measured))
  if (targets) console.log(`${targets}\n`)
  if (options.leftOut) console.log(`${options.leftOut}\n`)
  if (options.isSaved) {
    const isPinned = chooseCores().server !== undefined
    const results = createResults({ isPinned, versions, effort: options.effort, scenarios: measured })
    saveResults(options.out, results)
    if (options.out === RESULTS) updateComparison(results)
  }
  if (known && (await check(known, measured, options))) process.exitCode = 1
}

await run().catch((error: Error) => {
  console.error(error.message)
  // The processes that it has started end with it.
  process.exit(1)
})
