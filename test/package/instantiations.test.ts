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

t.setTimeout(300_000)

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
  // Rejects if the program does not compile.
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

/** A program of ten namespaces with ten events each, all schemas different; with a client, each event is called once. */
function application(hasClient: boolean): string {
  const numbers = [...Array(10).keys()]
  const event = (of: number, event: number) => `'e${event}:do': {
    payload: Type.Object({ text${of}: Type.String(), n${event}: Type.Integer() }),
    reply: Type.Object({ id${of}_${event}: Type.String() }),
    errors: { FULL: Type.Object({ max: Type.Integer() }) },
    handler: ({ text${of} }, { emit }) => {
      emit('said', text${of})
      return { id${of}_${event}: text${of} }
    },
  },`
  const definitions = numbers.map(
    (of) => `'/n${of}': defineNamespace({
      emits: { said: { payload: Type.String() } },
      events: { ${numbers.map((number) => event(of, number)).join('\n')} },
    }),`,
  )
  const calls = numbers.map((of) => {
    const each = numbers.map(
      (number) =>
        `joined.call('e${number}:do', { text${of}: 'a', n${number}: 1 }).then((reply) => reply.id${of}_${number})`,
    )
    return `{ const joined = client.join('/n${of}'); joined.on('said', (text) => text.length); ${each.join('; ')} }`
  })
  return `
    import { Type } from 'typebox'
    import { createClient } from './dist/client.js'
    import { defineNamespace } from './dist/index.js'
    export const definitions = { ${definitions.join('\n')} }
    ${hasClient ? `const client = createClient<typeof definitions>('')\n${calls.join('\n')}` : ''}
  `
}

/** One handler with a stream, one of a contract. */
const streamAndContract = `
import { Type } from 'typebox'
import { defineContract } from './dist/contract.js'
import { defineNamespace } from './dist/index.js'
export const logs = defineNamespace({
  events: {
    tail: {
      payload: Type.Object({ file: Type.String() }),
      stream: Type.Object({ line: Type.String() }),
      handler: async function* ({ file }) { yield { line: file } },
    },
  },
})
const contract = defineContract({
  events: { say: { payload: Type.Object({ text: Type.String() }), reply: Type.Object({ id: Type.String() }) } },
})
export const chat = defineNamespace(contract, { handlers: { say: ({ text }) => ({ id: text }) } })
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

  t.test(`${title}: an event in its own file makes at most 42,000 instantiations`, async (t) => {
    const made = await count(compiler, `${compiler}-event`, inFiles)
    t.ok(made > 0 && made <= 42_000, `${made}`)
  })

  t.test(
    `${title}: 100 events in 10 namespaces make at most 186,000 instantiations, and 130,000 more with a client`,
    async (t) => {
      const served = await count(compiler, `${compiler}-served`, application(false))
      t.ok(served > 0 && served <= 186_000, `${served}`)
      const made = await count(compiler, `${compiler}-client`, application(true))
      t.ok(made - served > 0 && made - served <= 130_000, `${made - served} of ${made}`)
    },
  )

  t.test(`${title}: a stream and a contract make at most 40,000 instantiations`, async (t) => {
    const made = await count(compiler, `${compiler}-contract`, streamAndContract)
    t.ok(made > 0 && made <= 40_000, `${made}`)
  })
}
