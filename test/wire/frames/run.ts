import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, describe, running, shrink } from './compare.js'
import { createInput } from './inputs.js'

/*
 * npm run fuzz:frames -- --runs 1000000 --seed 1 [--from 0] [--processes 2] [--all]
 *
 * Gives the same bytes, in the same chunks, to ws's server and to ours, and compares what an application and a client see. Ends at
 * the first difference, which it prints as small as it can be, with the command that repeats it; with --all it goes on.
 */

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    step: { type: 'string', default: '1' },
    processes: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
  },
})
const [runs, seed, from, step, processes] = [values.runs, values.seed, values.from, values.step, values.processes].map(
  (value) => {
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw new TypeError('--runs, --seed, --from and --processes are integers')
    return number
  },
) as [number, number, number, number, number]

// Every second input makes an error; nobody reads where.
Error.stackTraceLimit = 0

const command = (index: number) => `npm run fuzz:frames -- --seed ${seed} --from ${index} --runs 1`

function giveUp(error: unknown): never {
  console.error('not caught:', error, '\nin one of:', running.join(' '), `\n${command(running[0] ?? 0)}`)
  process.exit(1)
}
process.on('uncaughtException', giveUp)
process.on('unhandledRejection', giveUp)

function* indices(): Generator<number> {
  for (let index = from; index < from + runs; index += step) yield index
}

async function runHere(): Promise<void> {
  const started = performance.now()
  let differences = 0
  for await (const index of compare(seed, indices())) {
    differences++
    console.log(`\ninput ${index} of seed ${seed}, made smaller:`)
    console.log(await describe(await shrink(createInput(seed, index))))
    console.log(`again: ${command(index)}`)
    process.exitCode = 1
    if (!values.all) return
  }
  const seconds = (performance.now() - started) / 1_000
  const count = Math.ceil(runs / step)
  console.log(
    `${count} inputs of seed ${seed} in ${seconds.toFixed(1)} s (${Math.round(count / seconds)} a second): ${differences} differences`,
  )
}

/** Every process runs each n-th input. */
async function runInProcesses(): Promise<void> {
  const file = fileURLToPath(import.meta.url)
  const codes = await Promise.all(
    Array.from({ length: processes }, async (_, nth) => {
      const args = ['--seed', seed, '--from', from + nth, '--runs', runs - nth, '--step', processes].map(String)
      if (values.all) args.push('--all')
      const child = spawn(process.execPath, [...process.execArgv, file, ...args], { stdio: 'inherit' })
      const [code] = await once(child, 'close')
      return code
    }),
  )
  process.exitCode = codes.every((code) => code === 0) ? 0 : 1
}

await (processes > 1 ? runInProcesses() : runHere())
