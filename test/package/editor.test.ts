import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

/*
 * What a user's compiler and editor make of the package's types: declarations of exported definitions, and what an editor shows.
 */

t.setTimeout(300_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-editor-'))
t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

// The package is a real folder, so that a declaration can name its entries only, as in a user's folder.
const own = join(folder, 'node_modules/fastify-namespaces')
await mkdir(own, { recursive: true })
await cp(join(root, 'dist'), join(own, 'dist'), { recursive: true })
await cp(join(root, 'package.json'), join(own, 'package.json'))
await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
for (const name of [
  '@types/node',
  '@standard-schema/spec',
  'fastify',
  'socket.io',
  'socket.io-client',
  'typebox',
  'zod',
]) {
  await mkdir(dirname(join(folder, 'node_modules', name)), { recursive: true })
  await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
}

const SOURCE = `
import { Type } from 'typebox'
import { z } from 'zod'
import { defineContract } from 'fastify-namespaces/contract'
import { defineEvent, defineNamespace, defineNamespaces } from 'fastify-namespaces'
import { createClient } from 'fastify-namespaces/client'

export const contract = defineContract({
  emits: { said: { payload: Type.Object({ text: Type.String() }) } },
  events: {
    say: {
      payload: Type.Object({ text: Type.String(), at: Type.Optional(Type.Integer()) }),
      reply: Type.Object({ id: Type.String(), kind: Type.Union([Type.Literal('a'), Type.Literal('b')]) }),
      errors: { FULL: Type.Object({ max: Type.Integer() }) },
    },
    tail: { stream: z.object({ line: z.string() }) },
  },
})
export const chat = defineNamespace(contract, {
  handlers: { say: () => ({ id: '1', kind: 'a' }), tail: () => [{ line: 'one' }] },
})
export const shout = defineEvent({ payload: Type.String(), handler: (text) => text.toUpperCase() })
export const all = defineNamespaces({
  '/chat': chat,
  '/orgs/:orgId': { schema: { params: Type.Object({ orgId: Type.Integer() }) }, events: { shout } },
})
export const client = createClient<typeof all>('https://api.example')
export const joined = client.join('/chat')
export async function use() {
  const answer = await joined.call('say', { text: 'hi' })
  joined.on('said', (message) => message.text)
  for await (const item of joined.stream('tail')) return { answer, item }
  return undefined
}
`
const file = join(folder, 'definitions.ts')
await writeFile(file, SOURCE)

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  skipLibCheck: true,
  types: ['node'],
  declaration: true,
  emitDeclarationOnly: true,
  outDir: join(folder, 'out'),
}

function compile(options: ts.CompilerOptions) {
  const program = ts.createProgram([file], { ...OPTIONS, ...options })
  const { diagnostics } = program.emit()
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics]
  return found.map(({ code, messageText }) => `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

t.test('the declarations of exported definitions, contracts and clients name nothing but public types', async (t) => {
  t.strictSame(compile({}), [])
  const declarations = await readFile(join(folder, 'out/definitions.d.ts'), 'utf8')
  const imported = [...declarations.matchAll(/import\("([^"]+)"\)/g)].map(([, specifier]) => specifier)
  t.strictSame([...new Set(imported)].sort(), [
    'fastify-namespaces',
    'fastify-namespaces/client',
    'fastify-namespaces/contract',
  ])
})

t.test('isolatedDeclarations wants a type that nobody writes: exported definitions are errors', async (t) => {
  const found = compile({ isolatedDeclarations: true })
  t.ok(found.length >= 5)
  for (const message of found) t.match(message, /^TS(9010|9013|9007|9008|9037|9038)/)
})

t.test('an editor shows plain types', async (t) => {
  const host: ts.LanguageServiceHost = {
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) =>
      ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(String(ts.sys.readFile(name))) : undefined,
    getCurrentDirectory: () => folder,
    getCompilationSettings: () => OPTIONS,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    ...(ts.sys.realpath && { realpath: ts.sys.realpath }),
  }
  const service = ts.createLanguageService(host)
  t.teardown(() => service.dispose())
  const shown = (marker: string) => {
    const info = service.getQuickInfoAtPosition(file, SOURCE.indexOf(marker))
    return ts.displayPartsToString(info?.displayParts).replaceAll(/\s+/g, ' ')
  }
  t.equal(shown('answer = await'), `const answer: { id: string; kind: "a" | "b"; }`)
  t.equal(shown('message) =>'), `(parameter) message: { text: string; }`)
  t.equal(shown('item of joined'), `const item: { line: string; }`)
  t.equal(shown('text) => text.toUpperCase'), `(parameter) text: string`)
  t.match(
    shown("call('say'"),
    /payload: \{ at\?: number \| undefined; text: string; \}.*Promise<\{ id: string; kind: "a" \| "b"; \}>$/,
  )
})
