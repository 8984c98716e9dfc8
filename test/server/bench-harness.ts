import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure } from '../../bench/figure.js'
import type { Measured } from '../../bench/measure.js'
import type { Results } from '../../bench/results.js'

/*
 * Runs the bench as a user does, and creates made-up results for its tests.
 */

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs the bench and resolves to its output. Rejects if its exit code is not 0. */
export async function bench(...args: string[]) {
  return promisify(execFile)(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...args], { cwd: root })
}

function figureOf(contender: string, ratio: number, uncertainty = 0.01): Figure {
  return { contender, value: ratio * 40, ratio, uncertainty, perSecond: 20_000, p50Ms: 1, p99Ms: 2 }
}

/** Creates the result of a scenario with bare, its copy and ours. */
export function measuredOf(ours: number, { noise = 0.02, uncertainty = 0.01 } = {}): Measured {
  const figures = [figureOf('bare', 1, 0), figureOf('bare again', 1 + noise), figureOf('ours', ours, uncertainty)]
  return { id: 'echo-4', title: 'validated <echo>', kind: 'echo', unit: 'µs CPU a message', noise, figures }
}

export const RESULTS: Results = {
  date: '2025-01-31',
  machine: { cpu: 'a CPU', cores: 2, memoryGb: 8, system: 'Linux 6.1' },
  isPinned: true,
  versions: { node: '20' },
  effort: { sliceMs: 1, warmUp: 1, isWarm: false, rounds: 24, starts: 1, connections: 1 },
  scenarios: [measuredOf(0.5)],
}
