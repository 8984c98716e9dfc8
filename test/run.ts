import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { jobs } from './jobs.js'

/*
 * npm test
 *
 * Lint, types and every test, in three stages. The steps of a stage run side by side; a stage with a failed step is the last one,
 * except in CI, where one run shows all that is wrong.
 * The second stage is one run of tap with every test file (`include` in .taprc): while one file waits for a timer, a process or a
 * browser, others compute. The third runs the flow suites again, with `fast: false`.
 */

interface Step {
  readonly title: string
  readonly command: readonly [program: string, ...args: string[]]
}

const script = (name: string, ...args: string[]): Step => ({
  title: `npm run ${name}`,
  command: ['npm', 'run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])],
})

const STAGES: readonly (readonly Step[])[] = [
  [script('lint'), script('test:types'), script('build')],
  [{ title: 'tap', command: ['npx', 'tap', jobs] }],
  [script('test:long-way', jobs)],
]

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs a step; resolves to whether it has passed. Prints its output as it comes if it is alone, else as a whole. */
async function run({ title, command }: Step, isAlone: boolean): Promise<boolean> {
  const [program, ...args] = command
  const started = performance.now()
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', ...(isAlone ? OUTPUTS : PIPES)] })
  const printed: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => void printed.push(chunk))
  const [code, signal] = await once(child, 'close')
  process.stdout.write(Buffer.concat(printed))
  const seconds = Math.round((performance.now() - started) / 1_000)
  console.log(`\n${title}: ${code === 0 ? 'passed' : `failed with ${code ?? signal}`} after ${seconds} s\n`)
  return code === 0
}

const OUTPUTS = ['inherit', 'inherit'] as const
const PIPES = ['pipe', 'pipe'] as const

for (const steps of STAGES) {
  const outcomes = await Promise.all(steps.map((step) => run(step, steps.length === 1)))
  if (outcomes.every(Boolean)) continue
  process.exitCode = 1
  if (!process.env.CI) break
}
