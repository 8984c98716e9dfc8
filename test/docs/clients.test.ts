import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Manager } from 'socket.io-client'
import t from 'tap'
import { Type } from 'typebox'
import { chat } from '../../examples/chat.js'
import { type AnyClient, createClient } from '../../plugin/client.js'
import { defineNamespace } from '../../plugin/index.js'
import { build, listen } from '../plugin/harness.js'

/*
 * Every block of docs/clients.md runs, against a server that has what it is about.
 */

const logs = defineNamespace({
  events: {
    'log:tail': {
      payload: Type.Object({ file: Type.String() }),
      stream: Type.Object({ line: Type.String() }),
      async *handler({ file }) {
        yield { line: `the first of ${file}` }
      },
    },
  },
})

const orders = defineNamespace({
  events: {
    'order:place': {
      payload: Type.Object({ item: Type.String(), key: Type.String() }),
      idempotency: { key: ({ key }) => key },
      handler: () => 'placed',
    },
  },
})

const desk = defineNamespace({
  presence: { key: () => 'ada' },
  rooms: { 'ticket/:id': { presence: { key: () => 'ada' } } },
})

t.test('every block of docs/clients.md runs', async (t) => {
  const namespaces = { '/chat': chat, '/orgs/:orgId': {}, '/logs': logs, '/orders': orders, '/desk': desk }
  const app = await build(t, { namespaces })
  const url = `http://127.0.0.1:${await listen(app)}`
  const page = await readFile(new URL('../../docs/clients.md', import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/^```(?:ts|js)\n(.*?)^```$/gms)].map(([, code = '']) => code)
  t.ok(blocks.length > 8)
  const folder = t.testdir()
  const client = createClient(url)
  const manager = new Manager(url)
  t.teardown(() => {
    client.close()
    manager.socket('/chat').disconnect()
  })
  const given = {
    localStorage: { getItem: () => 'a token' },
    token: 'a token',
    joined: client.join('/chat'),
    orders: client.join('/orders'),
    logs: client.join('/logs'),
    desk: client.join('/desk'),
    socket: manager.socket('/chat'),
    freshToken: async () => 'a token',
    reload: async () => {},
    console: { log: () => {} },
  }
  for (const [index, block] of blocks.entries()) {
    const code = block.replace(/http:\/\/localhost:3000|https:\/\/api\.example/, url)
    const lines = code.split('\n')
    const imports = lines.filter((line) => line.startsWith('import '))
    const statements = lines.filter((line) => !line.startsWith('import '))
    // What the block declares itself is not given.
    const names = Object.keys(given).filter(
      (name) => !new RegExp(`^const (${name}|\\{ ${name} \\})\\b`, 'm').test(code),
    )
    const opened = ['client', 'manager'].filter((name) => code.includes(`const ${name} =`))
    const source = [
      ...imports,
      `export async function run({ ${names.join(', ')} }: any) {`,
      ...statements,
      `return { ${opened.join(', ')} }`,
      '}',
    ].join('\n')
    const file = join(folder, `${index}.ts`)
    await writeFile(file, source)
    const { run } = await import(pathToFileURL(file).href)
    const made: { client?: AnyClient; manager?: Manager } = await run(given)
    made.client?.close()
    made.manager?.socket('/chat').disconnect()
    t.pass(`${code.split('\n', 3).join(' ')} …`)
  }
})
