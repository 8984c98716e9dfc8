import { readFileSync } from 'node:fs'

/*
 * node .ci/failed-tests.js LOG
 *
 * Lists the tests of a TAP log that did not pass. First each with its npm script, its file, the tests around it and its
 * diagnostic; then the names alone, so that the last lines of a record have all of them.
 */

const LONGEST_DIAGNOSTIC = 60
const MOST_DIAGNOSTICS = 20

/** npm writes `> package@version script`. */
const SCRIPT = /^> \S+@\S+ (\S+)$/

/** `# Subtest: title`, `ok 1 - title # time=2ms` or `not ok 1 - title`; what is in a subtest is four spaces deeper. */
const RESULT = /^((?: {4})*)(?:# Subtest: (.*)|(not )?ok \d+ - (.*?)(?: # time=\S*)?)$/

/** @param {string[]} lines */
function findFailed(lines) {
  const failed = []
  // The subtests that have begun and not ended, from the file inward.
  const open = []
  let script = 'test'
  for (let at = 0; at < lines.length; at++) {
    script = SCRIPT.exec(lines[at])?.[1] ?? script
    const [line, indent, subtest, not, title] = RESULT.exec(lines[at]) ?? []
    if (line === undefined) continue
    const depth = indent.length / 4
    if (subtest !== undefined) {
      open.splice(depth, Infinity, { title: subtest, hasFailed: false })
      continue
    }
    const [ended] = open.splice(depth)
    const diagnostic = readDiagnostic(lines, at + 1)
    // A diagnostic may quote anything, TAP as well.
    at += diagnostic.length
    if (!not && !/ # (SKIP|TODO)\b/.test(title)) continue
    // A test that failed because of one inside of it is not listed.
    if (!ended?.hasFailed)
      failed.push({ name: [script, ...open.map((test) => test.title), title].join(' > '), diagnostic })
    for (const test of open) test.hasFailed = true
  }
  return failed
}

/** The lines from `---` to `...`, if they begin there. */
function readDiagnostic(lines, start) {
  const [, indent] = /^( *)---$/.exec(lines[start]) ?? []
  const end = indent === undefined ? -1 : lines.indexOf(`${indent}...`, start)
  return lines.slice(start, end + 1)
}

const failed = findFailed(readFileSync(process.argv[2], 'utf8').split('\n'))
for (const { name, diagnostic } of failed.slice(0, MOST_DIAGNOSTICS)) {
  console.log(`\nNot passed: ${name}`)
  for (const line of diagnostic.slice(0, LONGEST_DIAGNOSTIC)) console.log(line)
}
if (failed.length > 0) console.log('\nNot passed:')
for (const { name } of failed) console.log(`  ${name}`)
