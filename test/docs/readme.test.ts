import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { join, next } from '../plugin/harness.js'

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

t.test("the README's example is examples/quick-start.ts, word for word but for its export", async (t) => {
  const [, block] = /<!-- examples\/quick-start\.ts.*?-->\n```ts\n(.*?)```/s.exec(await read('README.md')) ?? []
  const example = await read('examples/quick-start.ts')
  t.equal(block, example.replace('export const app', 'const app'))
})

t.test('it greets everyone', async (t) => {
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
