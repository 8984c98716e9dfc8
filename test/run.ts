import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/*
 * npm test
 *
 * Lint, types and every test, in three stages. The steps of a stage run side by side; a stage with a failed step is the last one.
 * All tests of tap run in one go but those of the long way, which are run once more there: while one test waits for a timer, a
 * process or a browser, others compute.
 */

interface Step {
  readonly title: string
  readonly command: readonly [program: string, ...args: string[]]
}

// One more than there are cores: some of them always wait.
const jobs = `--jobs=${availableParallelism() + 1}`

// The slowest first, so that none of them is left over at the end.
const SUITES = ['package', 'browser', 'cluster', 'server', 'plugin', 'docs', 'wire'].map(
  (name) => `test/${name}/**/*.test.ts`,
)

const script = (name: string, ...args: string[]): Step => ({
  title: `npm run ${name}`,
  command: ['npm', 'run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])],
})

const STAGES: readonly (readonly Step[])[] = [
  [script('lint'), script('test:types'), script('build')],
  [{ title: 'tap', command: ['npx', 'tap', jobs, ...SUITES] }],
  [script('test:long-way', jobs)],
]

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs a step to its end; resolves to whether it has passed. The output of one that is not alone is printed as a whole. */
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
  if (!outcomes.every(Boolean)) process.exit(1)
}
