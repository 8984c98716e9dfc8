import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

const script = fileURLToPath(new URL('../../.ci/failed-tests.js', import.meta.url))

/** What `.ci/run` prints for a log. */
async function list(t: Test, log: string): Promise<string> {
  const folder = t.testdir({ log })
  const { stdout } = await promisify(execFile)(process.execPath, [script, join(folder, 'log')])
  return stdout
}

const LOG = `
> fastify-namespaces@0.1.0 test:floor
> node --import tsx test/versions/run.ts floor

TAP version 14
1..2
# Subtest: test/a.test.ts
    # Subtest: outer
        # Subtest: inner
            ok 1 - good
            not ok 2 - one is two
              ---
              diff: |
                not ok 7 - a quotation
              ...
            
            1..2
        not ok 1 - inner # time=18.788ms
          ---
          at: there
          ...
        
        ok 2 - left out # SKIP no browser
        1..2
    not ok 1 - outer # time=35.681ms
    1..1
not ok 1 - test/a.test.ts # time=40ms

# Subtest: test/b.test.ts
    ok 1 - good # time=1ms
    1..1
not ok 2 - test/b.test.ts # time=10003.566ms
  ---
  signal: SIGALRM
  ...

# { total: 3, pass: 1, fail: 2, skip: 1 }
`

t.test('a test that failed is listed with its script, its file, the tests around it and its diagnostic', async (t) => {
  t.equal(
    await list(t, LOG),
    `
Not passed: test:floor > test/a.test.ts > outer > inner > one is two
              ---
              diff: |
                not ok 7 - a quotation
              ...

Not passed: test:floor > test/a.test.ts > outer > left out # SKIP no browser

Not passed: test:floor > test/b.test.ts
  ---
  signal: SIGALRM
  ...

Not passed:
  test:floor > test/a.test.ts > outer > inner > one is two
  test:floor > test/a.test.ts > outer > left out # SKIP no browser
  test:floor > test/b.test.ts
`,
  )
})

t.test('diagnostics have sixty lines at most, and there are twenty of them', async (t) => {
  const long = Array.from({ length: 100 }, (_, index) => `  line ${index}\n`).join('')
  const log = Array.from({ length: 30 }, (_, index) => `not ok ${index} - test ${index}\n  ---\n${long}  ...\n`).join(
    '',
  )
  const lines = (await list(t, log)).trim().split('\n')
  t.equal(lines.filter((line) => line === '  line 0').length, 20)
  t.equal(lines.filter((line) => line === '  line 58').length, 20)
  t.notOk(lines.includes('  line 59'))
  t.equal(lines.at(-1), '  test > test 29')
})

t.test('without a test that failed nothing is listed', async (t) => {
  t.equal(await list(t, 'TAP version 14\nok 1 - good\n# { total: 1, pass: 1 }\n'), '')
})
