import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

/*
 * The cost of the types for a program: the number of instantiations by TypeScript, which is the same on every machine.
 */

t.setTimeout(120_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-types-'))
t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

// Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
const node = (...args: string[]) =>
  promisify(execFile)('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], { cwd: root })

await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
await writeFile(join(folder, 'package.json'), '{ "type": "module" }')

const COMPILERS = { 'TypeScript 6': 'typescript', 'TypeScript 7': 'ts7' }

/** The number of types that a program has instantiated. */
async function count(compiler: string, name: string, program: string): Promise<number> {
  await writeFile(join(folder, `${name}.ts`), program)
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  }
  const config = join(folder, `${name}.json`)
  await writeFile(config, JSON.stringify({ compilerOptions, files: [`${name}.ts`] }))
  const { stdout } = await node(`node_modules/${compiler}/bin/tsc`, '-p', config, '--extendedDiagnostics')
  return Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1])
}

const room = (handler: string) => `
  'room:join': {
    payload: Type.Object({ room: Type.String() }),
    reply: Type.Object({ id: Type.String() }),
    errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }), BANNED: Type.Object({ until: Type.String() }) },
    handler: ${handler},
  },`

const WITHOUT = '({ room }) => ({ id: room })'
const WITH = `({ room }, { error }) => {
  if (room === '') throw error('ROOM_FULL', { max: 3 })
  if (room === 'x') throw error('BANNED', { until: 'now' })
  return { id: room }
}`

const program = (handler: string) => `
import { Type } from 'typebox'
import { defineNamespace } from './dist/index.js'
export const rooms = defineNamespace({ events: {${room(handler)}} })
`

const registered = (handler: string) => `${program(handler)}
import Fastify from 'fastify'
import namespaces from './dist/index.js'
await Fastify().register(namespaces, { namespaces: { '/rooms': rooms } })
`

const inFiles = `
import { Type } from 'typebox'
import { defineEvent, defineNamespace } from './dist/index.js'
export const join = defineEvent({${/\{(.*)\}/s.exec(room(WITH))?.[1]}})
export const rooms = defineNamespace({ events: { 'room:join': join } })
`

for (const [title, compiler] of Object.entries(COMPILERS)) {
  t.test(`${title}: a program with error() makes at most 20,000 instantiations`, async (t) => {
    const made = await count(compiler, `${compiler}-error`, program(WITH))
    t.ok(made > 0 && made <= 20_000, `${made}`)
  })

  t.test(`${title}: error() costs a program that registers its definition at most 5,000 instantiations`, async (t) => {
    const without = await count(compiler, `${compiler}-without`, registered(WITHOUT))
    const made = await count(compiler, `${compiler}-with`, registered(WITH))
    t.ok(made - without <= 5_000, `${made - without} of ${made}`)
  })

  t.test(`${title}: an event in its own file makes at most 40,000 instantiations`, async (t) => {
    const made = await count(compiler, `${compiler}-event`, inFiles)
    t.ok(made > 0 && made <= 40_000, `${made}`)
  })
}
