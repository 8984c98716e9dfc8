import { quote } from '../js-literal.js'
import type { SnippetSubject } from './snippet-subject.js'
import { constantOf, writeArgs, writeValue, writeVariables } from './snippet-text.js'

const TYPES = "import type { Definitions } from './api.js' // npx fastify-namespaces types app.js -o api.d.ts\n"

/** The typed client, in a front end. */
export function writeTypedClient(subject: SnippetSubject): string {
  const isDeclared = subject.kind !== 'plain'
  return [
    "import { createClient } from 'fastify-namespaces/client'\n",
    isDeclared ? TYPES : '',
    '\n',
    writeVariables(subject, false),
    writeJoin(subject, isDeclared ? '<Definitions>' : ''),
    writeUse(subject),
  ].join('')
}

/** The same client in a script of Node, which ends. */
export function writeNodeScript(subject: SnippetSubject): string {
  const constant = constantOf(subject)
  const use = writeUse(subject)
  return [
    "import { createClient } from 'fastify-namespaces/client'\n\n",
    writeVariables(subject, true),
    writeJoin(subject, ''),
    'try {\n',
    `  await ${constant}.ready\n`,
    use.replace(/^(?=.)/gm, '  '),
    subject.kind === 'emit' || subject.kind === 'ask'
      ? '  await new Promise((resolve) => setTimeout(resolve, 60_000))\n'
      : '',
    '} finally {\n  client.close()\n}\n',
  ].join('')
}

function writeJoin(subject: SnippetSubject, type: string): string {
  const { url, path, name, params, auth } = subject
  const options = { ...(auth !== undefined && { auth }), ...(path !== '/socket.io' && { io: { path } }) }
  const settings = Object.keys(options).length > 0 ? `, ${writeValue(options)}` : ''
  const given = Object.keys(params).length > 0 ? `, ${writeValue(params)}` : ''
  return `const client = createClient${type}(${quote(url)}${settings})\nconst ${constantOf(subject)} = client.join(${quote(name)}${given})\n`
}

function writeUse(subject: SnippetSubject): string {
  const { kind, event } = subject
  const joined = constantOf(subject)
  const name = quote(event)
  switch (kind) {
    case 'call':
      return `const data = await ${joined}.call(${name}${writeArgs(subject)})\nconsole.log(data)\n`
    case 'stream':
      return `const stream = ${joined}.stream(${name}${writeArgs(subject)})\nfor await (const item of stream) console.log(item)\n`
    case 'emit':
      return `${joined}.on(${name}, (payload) => console.log(payload))\n`
    case 'ask':
      return `${joined}.answer(${name}, () => (${writeValue(subject.args[0])}))\n`
    default:
      return `const ack = await ${joined}.socket.emitWithAck(${name}${writeArgs(subject)})\nconsole.log(ack)\n`
  }
}
