import t from 'tap'
import { runCli } from './cli-harness.js'

t.test('--help lists the commands and the exit codes, --version the version', async (t) => {
  const help = await runCli(['--help'])
  t.equal(help.code, 0)
  t.match(help.out, /Usage: fastify-namespaces/)
  t.match(help.out, /Exit codes:\n {2}0 {2}done/)
  t.strictSame(await runCli(['--version']), { code: 0, out: '1.2.3\n', err: '' })
})

t.test('a fault of the program has exit code 2, and its stack', async (t) => {
  const failing = (error: unknown) => runCli(['print', '-'], { readInput: () => Promise.reject(error) })
  t.match(await failing(new Error('broken')), { code: 2, err: /^Error: broken\n +at / })
  t.match(await failing('broken'), { code: 2, err: 'broken\n' })
})

t.test('wrong usage has exit code 2, and says how to get help', async (t) => {
  const wrong = await runCli(['--verbose'])
  t.equal(wrong.code, 2)
  t.match(wrong.err, "unknown option '--verbose'")
  t.match(wrong.err, '--help')
})
