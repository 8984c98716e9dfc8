import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

/*
 * Every block of TypeScript and JavaScript in the README and in docs/ compiles by itself. A comment right before
 * a block adds what the compiler needs to know:
 *
 *   <!-- given: declarations -->       what the reader has already: `declare` and `import type`, never an import of a value
 *   <!-- from examples/chat.ts -->     an excerpt, which another test compares; the page links to the complete file
 *   <!-- examples/chat.ts; … -->       that file, word for word; or `run by …`: another test runs it
 *   <!-- not compiled: reason -->      the exceptions; the test names them
 *
 * A TypeScript block whose first line is a path (`// server/chat.ts`) is that file: the files of a page import each other.
 */

// The compiler is a separate process.
t.setTimeout(300_000)

const root = fileURLToPath(new URL('../../', import.meta.url))

interface Block {
  readonly page: string
  readonly line: number
  readonly comment: string
  readonly language: string
  readonly code: string
}

/** Blocks that another test compiles, and blocks that are not compiled. */
const HELD = /^(from )?(examples|namespaces)\/|^(run|read) by /
const EXCEPTED = /^not compiled: /
const GIVEN = /^given:\s/

async function readBlocks(page: string): Promise<Block[]> {
  const text = await readFile(join(root, page), 'utf8')
  const found = text.matchAll(/(?:<!-- ((?:(?!-->).)*?) ?-->\n)?^( *)```(tsx|ts|js)\n(.*?)^\2```$/gms)
  return [...found].map(({ index, 1: comment = '', 3: language = '', 4: code = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    comment,
    language,
    code,
  }))
}

const pages = [
  'README.md',
  ...(await readdir(join(root, 'docs'))).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`),
]
const blocks = (await Promise.all(pages.map(readBlocks))).flat()

t.test('every block of the README and of the docs has its imports, and compiles by itself', async (t) => {
  const files: Record<string, string> = {}
  for (const { page, line, comment, language, code } of blocks) {
    const where = `${page}:${line}`
    if (HELD.test(comment)) continue
    if (EXCEPTED.test(comment)) {
      t.comment(`${where} ${comment}`)
      continue
    }
    t.ok(comment === '' || GIVEN.test(comment), `${where}: ${comment}`)
    const given = comment.replace(GIVEN, '').trim()
    // A value that the reader has to import can't be given.
    t.notMatch(
      given,
      /(^|[;\n])\s*(import (?!type\b)|const|let|function|class|export)/,
      `${where}: given are types only`,
    )
    const folder = page.replaceAll('/', '-')
    const [, path] = /^\/\/ (\S+\.ts)\n/.exec(code) ?? []
    const extension = language === 'tsx' ? 'tsx' : 'ts'
    const name = path === undefined ? `${folder}-${line}.${extension}` : `${folder}/${path}`
    files[`${language === 'js' ? 'js' : 'ts'}/${name}`] = `${given}\n${code}\nexport {}\n`
  }
  t.ok(Object.keys(files).length > 20)
  const configOf = (options: object) =>
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      // The paths of the entries are those of the repository's tsconfig.json.
      compilerOptions: { rootDir: root, ...options },
      include: ['.'],
    })
  const folder = t.testdir({
    // The reader's own files: what a front end imports from its server.
    server: {
      'chat.ts': `export * from '${join(root, 'examples/chat.js')}'\n`,
      'org.ts': `export * from '${join(root, 'examples/multi-tenant.js')}'\n`,
    },
    // Blocks of front ends use the browser's types.
    ts: { 'tsconfig.json': configOf({ lib: ['es2023', 'dom'], jsx: 'react-jsx' }) },
    // JavaScript has no types that could be given.
    js: { 'tsconfig.json': configOf({ noImplicitAny: false, lib: ['es2023', 'dom'] }) },
  })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  for (const language of ['ts', 'js']) {
    // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
    const command = ['-u', 'NODE_OPTIONS', process.execPath, join(root, 'node_modules/ts7/bin/tsc'), '-p', '.']
    const complaints = await promisify(execFile)('env', command, { cwd: join(folder, language) }).then(
      ({ stdout }) => stdout,
      ({ message, stdout }) => stdout || message,
    )
    t.equal(complaints, '', language)
  }
})

t.test('a page with an excerpt of an example links to the complete example', async (t) => {
  for (const { page, comment } of blocks) {
    const [, example] = /^from (examples\/[\w-]+\.ts)/.exec(comment) ?? []
    if (example === undefined) continue
    const link = posix.relative(posix.dirname(page), example)
    t.ok((await readFile(join(root, page), 'utf8')).includes(`](${link})`), `${page} links to ${link}`)
  }
})

t.test('the logger that docs/speed.md shows does not log joins, and uses nothing deprecated', async (t) => {
  const block = blocks.find(({ page, code }) => page === 'docs/speed.md' && code.includes('LogController'))
  const folder = t.testdir({
    'package.json': '{ "type": "module" }',
    'server.ts': `${block?.code}
      const { default: namespaces } = await import('${join(root, 'plugin/index.ts')}')
      await app.register(namespaces, { namespaces: { '/chat': {} } })
      await app.injectSocket('/chat')
      await app.close()
    `,
  })
  const command = ['-u', 'NODE_OPTIONS', process.execPath, '--trace-deprecation', '--import', 'tsx', 'server.ts']
  const { stdout, stderr } = await promisify(execFile)('env', command, { cwd: folder })
  t.equal(stderr, '', 'no warning')
  const lines = stdout.trim().split('\n')
  const requests = lines.map((line) => JSON.parse(line)).flatMap(({ req }) => (req ? [req.method] : []))
  t.strictSame(requests, ['GET'], 'the handshake')
})
