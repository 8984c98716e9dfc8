import { EventEmitter } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { chat } from '../../../examples/chat.js'
import { createEmitInbox } from '../../../plugin/cli/scenario/emit-inbox.js'
import { findDifference } from '../../../plugin/cli/scenario/match-value.js'
import { CHAT, run, serve } from './live-harness.js'

const SCENARIOS = fileURLToPath(new URL('../../../examples/scenarios/', import.meta.url))

async function runText(t: Test, yaml: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const cwd = t.testdir({ 'scenario.yaml': yaml })
  return run(['run', 'scenario.yaml', ...args], { cwd, env })
}

t.test('every scenario of examples/ passes', async (t) => {
  const url = await serve(t, { '/chat': chat })
  for (const file of await readdir(SCENARIOS)) {
    const { code, out, err } = await run(['run', file, '--url', url], { cwd: SCENARIOS })
    t.match({ code, err }, { code: 0, err: '' }, `${file}\n${out}`)
    t.match(out, /^TAP version 14\n# chat\n1\.\.\d+\nok 1 - join \/chat \(ada\)\n/)
    t.notMatch(out, /^not ok/m)
  }
})

t.test('the scenario in docs/cli.md is that of examples/, word for word', async (t) => {
  const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  const [, block] = /<!-- examples\/scenarios\/chat\.yaml[^\n]*-->\n```yaml\n(.*?)```/s.exec(page) ?? []
  t.equal(block, await readFile(`${SCENARIOS}chat.yaml`, 'utf8'))
})

t.test('a scenario joins, calls, sends, expects emits, saves answers and leaves', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const { code, out } = await runText(
    t,
    `
url: "{{base}}"
variables: { base: "${url}", texts: [hi, hey], word: }
steps:
  - join: /chat
  - call: message:send
    payload: { text: "{{word}}" }
    expect: { ok: true, data: { id: { $match: ^id- }, length: { $type: integer } } }
    save: { id: data.id }
  - send: message:send
    payload: { text: sent }
  - send: nothing
  - expect-emit: message:new
    payload: { text: sent }
    save: { sent: payload.text }
  - expect-emit: message:new
  - call: image:echo
    payload: { "{{sent}}": "{{texts}}", id: "as {{id}} of {{texts}}", list: [1, null] }
    expect: { data: { sent: [hi, hey], id: 'as id-word of ["hi","hey"]', list: [1, { $type: "null" }], none: { $absent: true } } }
  - call: nothing
    timeout: 20s
    expect: { ok: true, data: { $absent: true } }
  - join: /nowhere
    client: stranger
    refused: { code: FST_NSP_NAMESPACE_UNKNOWN }
  - leave: client
`,
    ['--var', 'word=word'],
  )
  t.equal(code, 0, out)
  t.match(out, 'ok 10 - leave client\n')
})

t.test('a scenario reads streams to their end, or to a number of items', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const { code, out } = await runText(
    t,
    `
steps:
  - join: /chat
  - stream: count:up
    payload: { to: 3 }
    expect: { ok: true, data: three, items: [{ count: 1 }, { count: 2 }, { count: 3 }] }
  - stream: count:up
    payload: { to: 100000 }
    count: 2
    expect: { items: [{ count: 1 }, { count: { $type: number } }] }
    save: { second: items.1.count }
  - stream: count:up
    payload: { to: 13 }
    expect: { ok: false, error: { code: UNLUCKY } }
  - call: image:echo
    payload: "{{second}}"
    expect: { data: 2 }
`,
    ['--url', url],
  )
  t.equal(code, 0, out)
})

t.test('what a step expects and does not get fails it, and the steps after it are skipped', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  for (const [steps, message] of [
    ['- join: /nowhere', 'It is refused: FST_NSP_NAMESPACE_UNKNOWN: Invalid namespace'],
    ['- join: /nowhere\n    refused: { code: OTHER }', '/code is \\"FST_NSP_NAMESPACE_UNKNOWN\\", not \\"OTHER\\"'],
    ['- join: /chat\n    refused: {}', 'It is not refused'],
    ['- join: /chat\n  - join: /chat', 'The client client has joined already: give this one another name'],
    ['- call: x', 'The client client has not joined'],
    [
      '- join: /chat\n  - call: leave\n    expect: { ok: false }\n  - send: x',
      'The client client has been disconnected',
    ],
    ['- join: /chat\n  - call: message:send\n    payload: { text: bad }', 'FORBIDDEN_WORD: FORBIDDEN_WORD'],
    ['- join: /chat\n  - call: nothing\n    expect: { ok: false }', '/ok is true, not false'],
    ['- join: /chat\n  - call: nothing\n    save: { id: data.id }', 'There is no data.id to save as id'],
    [`- join: /chat\n  - call: nothing\n    expect: ${'x'.repeat(300)}`, '…'],
    ['- join: /chat\n  - call: image:echo\n    payload: [1]\n    expect: { data: [1, 2] }', '/data has 1 items, not 2'],
    ['- join: /chat\n  - call: image:echo\n    payload: 1\n    expect: { data: [1] }', '/data is 1, not [1]'],
    [
      '- join: /chat\n  - call: image:echo\n    payload: 1\n    expect: { data: { a: 1 } }',
      '/data is 1, not {\\"a\\":1}',
    ],
    [
      '- join: /chat\n  - call: image:echo\n    payload: 1\n    expect: { data: { $type: string } }',
      '/data is 1, not {\\"$type\\":\\"string\\"}',
    ],
    ['- join: /chat\n  - expect-emit: message:new\n    timeout: 20ms', 'No emit message:new that matches within 20 ms'],
    [
      '- join: /chat\n  - call: message:send\n    payload: { text: a }\n  - expect-emit: message:new\n    payload: { text: b }\n    timeout: 20ms',
      'No emit message:new that matches within 20 ms; of another: /text is \\"a\\", not \\"b\\"',
    ],
    [
      '- join: /chat\n  - send: leave\n  - expect-emit: message:new',
      'No emit message:new that matches within 10000 ms',
    ],
  ] as const) {
    const { code, out, err } = await runText(t, `steps:\n  ${steps}\n  - title: 'last # \\ one'\n    send: x\n`, [
      '--url',
      url,
    ])
    t.match([code, err], [1, 'The scenario has failed\n'])
    t.ok(out.includes(`message: "${message}`) || out.includes(message), `${steps}\n${out}`)
    t.match(out, /ok \d - last \\# \\\\ one # SKIP an earlier step has failed\n$/)
  }
})

t.test('a failure names its line, and what was received', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const { out } = await runText(
    t,
    'name: lines\nsteps:\n  - join: /chat\n  - call: nothing\n    expect: { data: 1 }\n',
    ['--url', url],
  )
  t.equal(
    out,
    `TAP version 14
# lines
1..2
ok 1 - join /chat
not ok 2 - call nothing
  ---
  message: "/data is absent, not 1"
  at: "scenario.yaml:4"
  received: {"ok":true}
  ...
`,
  )
})

t.test('secrets are not written', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const steps =
    '- join: /chat\n    auth: { token: "{{env.T}}" }\n  - call: image:echo\n    payload: [ "{{env.T}}", "{{pin}}", "{{apiToken}}", plain ]\n    expect: 1'
  const yaml = `secrets: [pin, none]\nvariables: { pin: 12, apiToken: t0ken }\nsteps:\n  ${steps}\n`
  const { out } = await runText(t, yaml, ['--url', url], { T: 'env-secret' })
  t.match(out, '"data":["[redacted]",[redacted],"[redacted]","plain"]')
  t.notMatch(out, /env-secret|12,|t0ken/)
})

t.test('matchers know binary data and lists', async (t) => {
  t.equal(findDifference(new Uint8Array(1), { $type: 'binary' }), undefined)
  t.equal(findDifference([], { $type: 'array' }), undefined)
  t.match(findDifference(1, { $match: '1' }), '/ is 1, not {"$match":"1"}')
})

t.test('a client keeps the last thousand emits that nothing expects', async (t) => {
  const emitter = new EventEmitter()
  const socket = Object.assign(emitter, { onAny: (listener: () => void) => emitter.on('any', listener) })
  const inbox = createEmitInbox(socket as never)
  for (let count = 0; count <= 1000; count++) emitter.emit('any', 'tick', count)
  t.equal(inbox.seen('tick').length, 1000)
  t.equal(inbox.seen('tick')[0], 1)
})

t.test('a wrong scenario is refused with its line', async (t) => {
  for (const [yaml, message] of [
    ['', ':1: A scenario has to be an object'],
    ['a: {{', ':1: '],
    ['steps: []', ':1: A scenario needs `steps`: a list with at least one'],
    ['steps:\n  - join: /x\n bad: [', ':3: '],
    ['stesp: []', ':1: A scenario has no key "stesp": did you mean "steps"? use name, url, variables, secrets, steps'],
    ['name: 1\nsteps: []', ':1: name has to be a string'],
    ['steps: {}', ':1: steps has to be an array'],
    ['variables: 1', ':1: variables has to be an object'],
    ['steps:\n  - jion: /chat', ':2: A step needs one of join, call, send, expect-emit, stream, leave'],
    ['steps:\n  - 1', ':2: A step needs one of'],
    ['steps:\n  - join: /chat\n    payload: 1', ':3: A step with join has no key "payload"'],
    ['steps:\n  - join: 5', ':2: join has to be a string'],
    ['variables:\n  a:\nsteps:\n  - send: x', ':2: Give the variable: --var a=…'],
    ['steps:\n  - send: x\n    payload:\n      - "{{a}}"', ':4: The variable a is not defined: give it by --var a=…'],
    ['steps:\n  - send: "{{env.NONE}}"', ':2: The variable env.NONE is not defined: set it in the environment'],
    ['steps:\n  - send: x', ' has no `url`: give one by --url'],
  ] as const) {
    const { code, err } = await runText(t, yaml)
    t.ok(err.startsWith(`scenario.yaml${message}`), `${yaml}\n${err}`)
    t.equal(code, 2)
  }
  t.match(await run(['run', 'none.yaml'], { cwd: t.testdir() }), {
    code: 2,
    err: 'none.yaml can not be read: ENOENT\n',
  })
  t.match(await runText(t, 'steps: []', ['--var', 'x']), { code: 2, err: '--var 1 has to be name=value\n' })
})
