import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

t.setTimeout(300_000)

const root = fileURLToPath(new URL('../../../', import.meta.url))

const client = `
import { createClient } from 'fastify-namespaces/client'
import type { ContractHashes, Definitions } from './api.js'

const hash: ContractHashes['/shapes'] = 'HASH'
const client = createClient<Definitions>('http://localhost', { contracts: { '/shapes': hash } })
const org = client.join('/orgs/:orgId', { orgId: 42 }, { auth: { token: 'secret' } })
const { id } = await org.call('message:send', { text: 'hi' })
const text: string | null | undefined = id
const bytes = await org.call('upload', new Uint8Array(1))
const anything: unknown = bytes
await org.call('ping')
for await (const { next } of org.stream('log:tail')) { const line: object | undefined = next; void line }
client.join('/shapes').on('pair', ([one, two]) => { const both: [string, number] = [one, two]; void both })
org.answer('poll:ask', ({ x }) => (x === 1 ? 1 : 'other'))

// @ts-expect-error: params are missing
client.join('/orgs/:orgId')
// @ts-expect-error: of another type
client.join('/orgs/:orgId', { orgId: 'x' })
// @ts-expect-error: the text is missing
await org.call('message:send', {})
// @ts-expect-error: no such event
await org.call('message:sent')
// @ts-expect-error: no such namespace
client.join('/other')
void [text, anything]
`

for (const version of ['ts7', 'typescript']) {
  t.test(`a client compiles with the types that are written: ${version}`, async (t) => {
    const tsconfig = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: root,
        lib: ['es2023', 'dom'],
        paths: { 'fastify-namespaces/client': [join(root, 'plugin/client.ts')] },
      },
      include: [],
      files: ['client.ts'],
    }
    const cwd = t.testdir({
      'tsconfig.json': JSON.stringify(tsconfig),
      'api.ts': await readFile(new URL('expected-types.txt', import.meta.url), 'utf8'),
      'client.ts': client,
    })
    // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
    const command = ['-u', 'NODE_OPTIONS', process.execPath, join(root, 'node_modules', version, 'bin/tsc'), '-p', '.']
    const found = await promisify(execFile)('env', command, { cwd }).then(
      ({ stdout }) => stdout,
      ({ message, stdout }) => stdout || message,
    )
    t.equal(found, '')
  })
}
