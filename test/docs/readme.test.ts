import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { dirname, join as joinPath } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { join, next } from '../plugin/harness.js'

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

t.test("the README's example is examples/quick-start.ts, word for word except for its export", async (t) => {
  const [, block] = /<!-- examples\/quick-start\.ts.*?-->\n```ts\n(.*?)```/s.exec(await read('README.md')) ?? []
  const example = await read('examples/quick-start.ts')
  t.equal(block, example.replace('export const app', 'const app'))
})

t.test('examples/quick-start.ts greets everyone', async (t) => {
  const { PORT } = process.env
  process.env.PORT = '0'
  const { app } = await import('../../examples/quick-start.js')
  t.teardown(async () => {
    if (PORT !== undefined) process.env.PORT = PORT
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  t.strictSame(await next(join(t, `http://127.0.0.1:${port}`, '/my-namespace'), 'hi'), ['Hello everyone!'])
})

t.test('the README has at most 150 lines', async (t) => {
  const lines = (await read('README.md')).trimEnd().split('\n')
  t.ok(lines.length <= 150, `${lines.length} lines`)
})

t.test('the README has the commands that start the server and that run the tests', async (t) => {
  const blocks = [...(await read('README.md')).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code = '']) => code.trim())
  t.strictSame(blocks.slice(0, 2), ['npm ci && npm start', 'npm ci && npm test'])
})

t.test('the test in the README passes, with the namespace in the README', async (t) => {
  const folder = t.testdir()
  const files = [...(await read('README.md')).matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)]
  t.strictSame(
    files.map(([, path]) => path),
    ['server/chat.ts', 'web/chat.ts', 'server/chat.test.ts'],
  )
  for (const [, path = '', code = ''] of files) {
    await mkdir(joinPath(folder, dirname(path)), { recursive: true })
    await writeFile(joinPath(folder, path), code)
  }
  // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
  const command = ['-u', 'NODE_OPTIONS', process.execPath, '--import', 'tsx', joinPath(folder, 'server/chat.test.ts')]
  const { stdout } = await promisify(execFile)('env', command, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  })
  t.match(stdout, /pass 1\n/)
})

t.test('docs/README.md links to every page of docs/', async (t) => {
  const index = await read('docs/README.md')
  const pages = (await readdir(new URL('../../docs', import.meta.url))).filter(
    (file) => file.endsWith('.md') && file !== 'README.md',
  )
  t.ok(pages.length > 10)
  for (const page of pages) t.ok(index.includes(`](${page})`), page)
})
