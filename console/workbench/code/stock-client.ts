import { quote } from '../js-literal.js'
import type { SnippetSubject } from './snippet-subject.js'
import { constantOf, writeArgs, writeValue, writeVariables } from './snippet-text.js'

/** Socket.IO's own client, with the types of the namespace. */
export function writeStockTypeScript(subject: SnippetSubject): string {
  // The protocol of a stream has no types, and neither have plain events.
  const isTyped = subject.kind !== 'plain' && subject.kind !== 'stream'
  return [
    isTyped ? "import type { ClientSocket } from 'fastify-namespaces/client'\n" : '',
    `import { Manager${isTyped ? '' : ', type Socket'} } from 'socket.io-client'\n`,
    isTyped
      ? `import type { ${constantOf(subject)} } from './server.js' // Yours: the definition of the namespace.\n\n`
      : '\n',
    writeVariables(subject, false),
    writeSocket(subject, isTyped ? `: ClientSocket<typeof ${constantOf(subject)}>` : ': Socket'),
    writeRefusal('error: Error & { data?: unknown }'),
    writeUse(subject, 'socket', ': unknown'),
    writeEnd(subject),
  ].join('')
}

/** Socket.IO's own client in JavaScript. */
export function writeStockJavaScript(subject: SnippetSubject): string {
  return [
    "import { Manager } from 'socket.io-client'\n\n",
    writeVariables(subject, false),
    writeSocket(subject, ''),
    writeRefusal('/** @type {Error & { data?: unknown }} */ error'),
    writeUse(subject, 'socket', ''),
    writeEnd(subject),
  ].join('')
}

/** A test that joins an app in the same process. */
export function writeInjectTest(subject: SnippetSubject): string {
  const { event, address, auth, kind } = subject
  const socket = constantOf(subject)
  const options = auth === undefined ? '' : `, { auth: ${writeValue(auth)} }`
  const body = [
    'const app = await buildServer()\nt.teardown(() => app.close())\n\n',
    `const ${socket} = await app.injectSocket(${quote(address)}${options})\n`,
    kind === 'emit' ? `t.ok(await ${socket}.nextEvent(${quote(event)}))\n` : writeUse(subject, socket, ': unknown'),
    kind === 'call' || kind === 'stream' ? 't.match(ack, { ok: true })\n' : '',
  ].join('')
  return [
    "import type {} from 'fastify-namespaces'\nimport t from 'tap'\n",
    "import { buildServer } from './server.js' // Yours: returns the Fastify app, which need not listen.\n\n",
    writeVariables(subject, true),
    `t.test(${quote(event)}, async (t) => {\n${body.replace(/^(?=.)/gm, '  ')}})\n`,
  ].join('')
}

function writeSocket({ url, path, address, auth }: SnippetSubject, type: string): string {
  const options = path === '/socket.io' ? '' : `, ${writeValue({ path })}`
  const settings = auth === undefined ? '' : `, ${writeValue({ auth })}`
  return `const manager = new Manager(${quote(url)}${options})\nconst socket${type} = manager.socket(${quote(address)}${settings})\n`
}

/** What is refused has told why in `data`; a server that is not there has none. */
function writeRefusal(parameter: string): string {
  return `socket.on('connect_error', (${parameter}) => {\n  console.error(error.data ?? error.message)\n  socket.disconnect()\n})\n\n`
}

// An emit is waited for as long as the program runs.
function writeEnd({ kind }: SnippetSubject): string {
  return kind === 'emit' || kind === 'ask' ? '' : 'socket.disconnect()\n'
}

function writeUse(subject: SnippetSubject, socket: string, type: string): string {
  const { kind, event, args } = subject
  const name = quote(event)
  switch (kind) {
    case 'emit':
      return `${socket}.on(${name}, (payload) => console.log(payload))\n`
    case 'ask':
      return `${socket}.on(${name}, (payload, answer) => answer(${writeValue(args[0])}))\n`
    case 'stream':
      return [
        'const id = crypto.randomUUID()\n',
        `${socket}.on('namespace:item', (of${type}, item${type}) => {\n`,
        `  if (of !== id) return\n  console.log(item)\n  ${socket}.emit('namespace:more', id, 1)\n})\n`,
        `const ack = await ${socket}.emitWithAck(${name}${args.length > 0 ? writeArgs(subject) : ', undefined'}, { id })\n`,
        'console.log(ack)\n',
      ].join('')
    default:
      return `const ack = await ${socket}.emitWithAck(${name}${writeArgs(subject)})\nconsole.log(ack)\n`
  }
}
