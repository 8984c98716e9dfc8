import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { Type } from 'typebox'
import type { SnippetSubject } from '../../../../console/workbench/code/snippet-subject.js'
import { writeSnippets } from '../../../../console/workbench/code/write-snippets.js'
import { renderTypes } from '../../../../plugin/cli/generate/render-types.js'
import { build } from '../../../plugin/harness.js'

t.setTimeout(120_000)

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const Text = Type.Object({ text: Type.String(), count: Type.Optional(Type.Integer()) })
const HOSTILE = `it's "a" \`b\` \${c} </script>\n\u2028\u202e<!-- \\`

const base: SnippetSubject = {
  url: 'http://localhost:3000',
  path: '/socket.io',
  name: '/chat',
  address: '/chat',
  params: {},
  event: 'message:send',
  kind: 'call',
  args: [{ text: 'hi' }],
  variables: [],
}

const subjects: SnippetSubject[] = [
  base,
  { ...base, path: '/prefix/socket.io', auth: { token: '{{token}}' }, variables: [{ name: 'token', isSecret: true }] },
  {
    ...base,
    args: [{ text: 'to {{room.name}}: {{room.name}}', count: '{{count}}' }],
    variables: [
      { name: 'room.name', value: 'tea {{x}} `', isSecret: false },
      { name: 'count', value: 5, isSecret: false },
    ],
  },
  { ...base, event: 'ping', args: [] },
  { ...base, event: HOSTILE, args: [{ text: HOSTILE }] },
  { ...base, name: '/orgs/:orgId', address: '/orgs/42', params: { orgId: 42 } },
  { ...base, event: 'tail', kind: 'stream' },
  { ...base, event: 'tail:all', kind: 'stream', args: [] },
  { ...base, event: 'message:new', kind: 'emit', args: [] },
  { ...base, event: 'ask', kind: 'ask', args: [{ text: 'yes' }] },
  { ...base, event: HOSTILE, kind: 'emit', args: [] },
  { ...base, name: '/stream', address: '/stream', event: 'x', args: [] },
  {
    ...base,
    name: '/plain',
    address: '/plain',
    event: HOSTILE,
    kind: 'plain',
    args: [1, HOSTILE, { __proto: 1, 'a-b': [] }],
  },
  { ...base, name: '/1-é', address: '/1-é', event: 'none', kind: 'plain', args: [JSON.parse('{"__proto__":{"a":1}}')] },
]

t.test('all code compiles: every kind of event and client, whatever the names and texts are', async (t) => {
  const handler = () => undefined
  const chat = {
    schema: { auth: Type.Object({ token: Type.Optional(Type.String()) }) },
    events: {
      'message:send': { payload: Text, reply: Text, handler: () => ({ text: '' }) },
      ping: { handler },
      [HOSTILE]: { payload: Text, handler },
      tail: { payload: Text, stream: Text, handler: async function* () {} },
      'tail:all': { stream: Text, handler: async function* () {} },
    },
    emits: { 'message:new': { payload: Text }, ask: { payload: Text, reply: Text }, [HOSTILE]: { payload: Text } },
  }
  const org = { schema: { params: Type.Object({ orgId: Type.Integer() }) }, events: chat.events }
  const app = await build(t, {
    namespaces: { '/chat': chat, '/orgs/:orgId': org, '/stream': { events: { x: { handler } } } },
  })
  await app.ready()
  const files = subjects.flatMap((subject, number) =>
    writeSnippets(subject).map(({ title, text }, index) => {
      const extension = /JavaScript|Node/.test(title) ? 'js' : 'ts'
      return [`${number}-${index}.${extension}`, `${text}\nexport {}\n`] as const
    }),
  )
  const paths = {
    'fastify-namespaces': [join(root, 'plugin/index.ts')],
    'fastify-namespaces/client': [join(root, 'plugin/client.ts')],
  }
  const cwd = t.testdir({
    'tsconfig.json': JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { rootDir: root, paths, lib: ['es2023', 'dom'], allowJs: true, checkJs: true },
      files: files.map(([file]) => file),
      include: [],
    }),
    'api.d.ts': await renderTypes(app.describeNamespaces()),
    'server.ts': `
      import Fastify from 'fastify'
      import { defineNamespace } from 'fastify-namespaces'
      import { Type } from 'typebox'
      const Text = Type.Object({ text: Type.String(), count: Type.Optional(Type.Integer()) })
      export const buildServer = async () => Fastify()
      export const chat = defineNamespace({
        emits: { 'message:new': { payload: Text }, ask: { payload: Text, reply: Text }, ${JSON.stringify(HOSTILE)}: { payload: Text } },
        events: {
          'message:send': { payload: Text, reply: Text, handler: () => ({ text: '' }) },
          ping: { handler: () => undefined },
          ${JSON.stringify(HOSTILE)}: { payload: Text, handler: () => undefined },
        },
      })
      export const orgsOrgId = chat
      export const rootStream = defineNamespace({ events: { x: { handler: () => undefined } } })
    `,
    ...Object.fromEntries(files),
  })
  const tsc = ['-u', 'NODE_OPTIONS', process.execPath, join(root, 'node_modules/ts7/bin/tsc'), '--noEmit', '-p', '.']
  const complaints = await promisify(execFile)('env', tsc, { cwd }).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => stdout + stderr,
  )
  t.equal(complaints, '')
})

t.test('code has nothing that would end a script, turn a text around or be invisible', async (t) => {
  for (const subject of subjects) {
    for (const { title, text } of writeSnippets(subject)) t.notMatch(text, /<\/script|<!--|[\u2028\u202e]/, title)
  }
})

t.test('the stock client tells why it is refused, and ends', async (t) => {
  const [, , script] = writeSnippets(base)
  t.equal(
    script?.text,
    `import { Manager } from 'socket.io-client'

const manager = new Manager('http://localhost:3000')
const socket = manager.socket('/chat')
socket.on('connect_error', (/** @type {Error & { data?: unknown }} */ error) => {
  console.error(error.data ?? error.message)
  socket.disconnect()
})

const ack = await socket.emitWithAck('message:send', { text: 'hi' })
console.log(ack)
socket.disconnect()
`,
  )
})

t.test('a typed client says what a reader would write', async (t) => {
  const [typed] = writeSnippets({
    ...base,
    auth: { token: '{{token}}' },
    variables: [{ name: 'token', isSecret: true }],
  })
  t.equal(
    typed?.text,
    `import { createClient } from 'fastify-namespaces/client'
import type { Definitions } from './api.js' // npx fastify-namespaces types app.js -o api.d.ts

const variables = { token: '' /* fill in the secret */ }
const client = createClient<Definitions>('http://localhost:3000', { auth: { token: variables.token } })
const chat = client.join('/chat')
const data = await chat.call('message:send', { text: 'hi' })
console.log(data)
`,
  )
})
