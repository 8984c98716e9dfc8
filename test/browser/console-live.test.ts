import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { baseDir, openConsole } from './console-harness.js'

/*
 * The page beside a server that is being developed: `npm run dev`, with files of the test.
 */

t.setTimeout(300_000)

const root = fileURLToPath(new URL('../..', import.meta.url))

// The second process listens on the port of the first.
const SERVER = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import Fastify from 'fastify'
import namespacesConsole from '${root}plugin/console.ts'
import namespaces from '${root}plugin/index.ts'
import { chat } from './chat.ts'

const kept = new URL('port', import.meta.url)
const app = Fastify({ forceCloseConnections: true })
await app.register(namespaces, { namespaces: { '/chat': { ...chat, onConnect: () => console.log('joined') } } })
await app.register(namespacesConsole, { baseDir: process.env.BASE_DIR })
await app.listen({ host: '127.0.0.1', port: existsSync(kept) ? Number(readFileSync(kept, 'utf8')) : 0 })
process.once('SIGTERM', () => app.close())
const { port } = app.server.address()
writeFileSync(kept, String(port))
console.log('port ' + port)
`

const chatWith = (...events: string[]) =>
  `export const chat = { events: { ${events.map((event) => `${event}: { handler: () => {} }`).join(', ')} } }\n`

/** Runs the server of a folder as `npm run dev` does, until the test ends; returns a function that waits for a line of its output. */
function develop(t: Test, folder: string) {
  const child = spawn(
    'env',
    ['-u', 'NODE_OPTIONS', process.execPath, '--import', 'tsx', 'console/build/dev.ts', join(folder, 'server.ts')],
    {
      cwd: root,
      env: { ...process.env, BASE_DIR: baseDir },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill()
    await ended
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the server has ended before it printed ${pattern}`)
      const [, found = ''] = pattern.exec(value) ?? []
      if (pattern.test(value)) return found
    }
  }
}

t.test('an event that is saved to a file of the server appears on the page, which joins again by itself', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-live-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'server.ts'), SERVER)
  await writeFile(join(folder, 'chat.ts'), chatWith('say'))
  const printed = develop(t, folder)
  const port = await printed(/^port (\d+)$/)

  const { page } = await openConsole(t, `http://127.0.0.1:${port}/namespaces/`)
  const tree = page.getByRole('navigation', { name: 'Namespaces' })
  await tree.getByText('say', { exact: true }).click()
  // It joins before it sends.
  await page
    .getByRole('button', { name: /Send|Join/ })
    .first()
    .click()
  await printed(/^joined$/)

  const savedAt = performance.now()
  await writeFile(join(folder, 'chat.ts'), chatWith('say', 'shout'))
  await tree.getByText('shout', { exact: true }).waitFor()
  const shownAfter = performance.now() - savedAt
  await printed(/^joined$/)
  t.comment(
    `shown after ${Math.round(shownAfter)} ms, joined again after ${Math.round(performance.now() - savedAt)} ms`,
  )

  await writeFile(join(folder, 'chat.ts'), chatWith('whisper'))
  await tree.getByText('whisper', { exact: true }).waitFor()
  t.equal(await tree.getByText('say', { exact: true }).count(), 0)
})
