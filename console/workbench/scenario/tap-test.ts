import { quote, toIdentifier, writeLiteral, writeMember } from '../js-literal.js'
import { expectationOf, isMatcher } from './expectation.js'
import type { RecordedStep, RecordedVariable, Recording } from './recorded-step.js'

/*
 * Writes a recording as a test that tap runs: the stock client joins the app in the same process.
 */

// What t.match() compares a value's type with.
const TYPES: Readonly<Record<string, string>> = {
  string: 'String',
  number: 'Number',
  boolean: 'Boolean',
  array: 'Array',
  object: 'Object',
  binary: 'Buffer',
}

const READ_ENVIRONMENT = `
function readEnvironment(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(\`set \${name}\`)
  return value
}
`

const READ_STREAM = `
/** Reads a stream to its end, or to a number of items. */
async function readStream(socket: InjectedSocket, event: string, payload: unknown, count = Number.POSITIVE_INFINITY) {
  const id = crypto.randomUUID()
  const items: unknown[] = []
  const onItem = (of: unknown, item: unknown) => {
    if (of !== id || items.length === count) return
    if (items.push(item) === count) socket.emit('namespace:cancel', id)
    else socket.emit('namespace:more', id, 1)
  }
  socket.on('namespace:item', onItem)
  const ack = await socket.emitWithAck(event, payload, { id })
  socket.off('namespace:item', onItem)
  return items.length === count ? { ok: true, items } : { ...ack, items }
}
`

/** @param file - the name of the file, for the command that runs it */
export function writeTapTest({ title, steps, variables }: Recording, file: string): string {
  const constants = createConstants()
  const hasStreams = steps.some(({ kind }) => kind === 'stream')
  const given = variables.filter(({ value }) => value === undefined).map(({ name }) => environmentName(name))
  const body = steps.map((step, index) =>
    writeStep(step, constants, steps.slice(index + 1))
      .map((line) => `  ${line}\n`)
      .join(''),
  )
  return [
    `// ${given.map((name) => `${name}=… `).join('')}node --import tsx ${file}\n\n`,
    hasStreams
      ? "import type { InjectedSocket } from 'fastify-namespaces'\n"
      : "import type {} from 'fastify-namespaces'\n",
    "import t from 'tap'\n",
    "import { buildServer } from './server.js' // Yours: returns the Fastify app, which need not listen.\n\n",
    variables.length > 0 ? `const variables = ${writeVariables(variables)}\n\n` : '',
    `t.test(${quote(title)}, async (t) => {\n`,
    '  const app = await buildServer()\n  t.teardown(() => app.close())\n\n',
    ...body,
    '})\n',
    given.length > 0 ? READ_ENVIRONMENT : '',
    hasStreams ? READ_STREAM : '',
  ].join('')
}

/** Gives each join a constant of its own, and a client that of its last join. */
function createConstants() {
  const constants = new Map<string, string>()
  const taken = new Set<string>()
  return {
    of: (client: string) => constants.get(client) ?? toIdentifier(client, 'client'),
    add(client: string): string {
      const base = toIdentifier(client, 'client')
      let constant = base
      for (let number = 2; taken.has(constant); number++) constant = `${base}${number}`
      taken.add(constant)
      constants.set(client, constant)
      return constant
    },
  }
}

/** The name of a variable in the environment. */
function environmentName(name: string): string {
  return name.toUpperCase().replace(/\W/g, '_')
}

function writeStep(
  step: RecordedStep,
  constants: ReturnType<typeof createConstants>,
  later: readonly RecordedStep[],
): string[] {
  const { kind, client, target, sent, count, skipped = 0 } = step
  const name = quote(target)
  const title = quote(step.code === undefined ? `${kind} ${target}` : `${kind} ${target}: ${step.code || 'an error'}`)
  const expectation = expectationOf(step)
  const expected = writeValue(expectation)
  // t.match() looks for a text within another one.
  const isExact = step.keep === 'exactly' && !JSON.stringify(expectation)?.includes('"$type"')
  const match = isExact ? 't.hasStrict' : 't.match'
  if (kind === 'join') {
    const join = `app.injectSocket(${name}${sent === undefined ? '' : `, { auth: ${writeValue(sent)} }`})`
    if (step.code !== undefined)
      return [`t.match(await ${join}.catch((error) => error), { data: ${expected} }, ${title})`]
    const isUsed = later.some((one) => one.client === client && one.kind !== 'join')
    return [isUsed ? `const ${constants.add(client)} = await ${join}` : `await ${join}`]
  }
  const socket = constants.of(client)
  const payload = sent === undefined ? '' : `, ${writeValue(sent)}`
  switch (kind) {
    case 'leave':
      return [`${socket}.disconnect()`]
    case 'send':
      return [`${socket}.emit(${name}${payload})`]
    case 'expect-emit': {
      const emit = `await ${socket}.nextEvent(${name})`
      const earlier = Array.from({ length: skipped }, () => `${emit} // an earlier one`)
      return [...earlier, expected === 'undefined' ? emit : `${match}(${emit}, ${expected}, ${title})`]
    }
    case 'stream': {
      const limit = count === undefined ? '' : `, ${count}`
      return [
        `${match}(await readStream(${socket}, ${name}${payload || ', undefined'}${limit}), ${expected}, ${title})`,
      ]
    }
    default:
      return [`${match}(await ${socket}.emitWithAck(${name}${payload}), ${expected}, ${title})`]
  }
}

function writeValue(value: unknown): string {
  return writeLiteral(
    value,
    {
      refer: (name) => `variables${writeMember(name)}`,
      override: (inner) => (isMatcher(inner) ? (TYPES[inner.$type] ?? 'null') : undefined),
    },
    '  ',
  )
}

function writeVariables(variables: readonly RecordedVariable[]): string {
  const refer = (name: string) => `readEnvironment(${quote(environmentName(name))})`
  const entries = variables.map(({ name, value }) => [name, value === undefined ? `{{${name}}}` : value])
  return writeLiteral(Object.fromEntries(entries), { refer })
}
