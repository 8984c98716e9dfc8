import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { writeScenario } from '../../../../console/workbench/scenario/scenario-file.js'
import { writeTapTest } from '../../../../console/workbench/scenario/tap-test.js'
import { parseScenario } from '../../../../plugin/cli/scenario/parse-scenario.js'
import { CHAT, run, serve } from '../../../plugin/cli/live-harness.js'
import { record } from './recorder-harness.js'

t.setTimeout(120_000)

const root = fileURLToPath(new URL('../../../../', import.meta.url))

const parse = (text: string, given: readonly string[] = []) => parseScenario(text, { file: 'f.yaml', given, env: {} })

/** What a reader has done in the chat of the command line's tests, with what it has answered. */
function recordChat() {
  const recording = record({ values: { word: 'hi', limit: '3' }, secrets: { token: 'S3CR3T-token' } })
  const { join, call, act, hear, expectLast } = recording
  join('/chat', '{"token":"{{token}}"}')
  hear('/chat', 'message:new', { text: 'an earlier one' })
  call('/chat', 'message:send', '{"text":"earlier"}', { ok: true, data: { id: 'id-earlier', length: 7 } })
  call('/chat', 'message:send', '{"text":"{{word}}"}', { ok: true, data: { id: 'id-hi', length: 2 } })
  hear('/chat', 'message:new', { text: 'hi' })
  expectLast()
  call('/chat', 'message:send', '{"text":""}', { ok: false, error: { code: 'FST_NSP_EVENT_INVALID' } })
  act('/chat', { kind: 'send', event: 'message:send', args: [], source: '{"text":"sent"}' })
  act('/chat', {
    kind: 'stream',
    event: 'count:up',
    payload: {},
    source: '{"to":{{limit}}}',
    items: [{ count: 1 }, { count: 2 }, { count: 3 }],
    isCancelled: false,
  })
  act('/chat', {
    kind: 'stream',
    event: 'count:up',
    payload: {},
    source: '{"to":5}',
    items: [{ count: 1 }, { count: 2 }],
    isCancelled: true,
  })
  act('/nowhere', { kind: 'join', auth: '{}', error: { code: 'FST_NSP_NAMESPACE_UNKNOWN' } })
  join('/chat', '{"token":"a-token-of-the-second-identity"}', 2)
  act('/chat', { kind: 'leave' })
  return recording
}

t.test('a scenario has what was sent as it was written, and what came back as far as it is kept', async (t) => {
  const { recording, recorder } = recordChat()
  const kept = recorder.steps
    .getSnapshot()
    .map((step, index) => (index === 2 ? { ...step, keep: 'types' as const } : step))
  recorder.set(kept)
  t.equal(
    writeScenario(recording(), 'scenario.yaml'),
    `# npx fastify-namespaces run scenario.yaml --url http://localhost:3000 --var token=… --var token-2=…

name: "a recording"
url: "http://localhost:3000"
variables:
  token: null
  word: "hi"
  limit: 3
  token-2: null
secrets: ["token", "token-2"]

steps:
  - join: "/chat"
    client: "chat"
    auth: { token: "{{token}}" }
  - call: "message:send"
    client: "chat"
    payload: { text: "earlier" }
  - call: "message:send"
    client: "chat"
    payload: { text: "{{word}}" }
    expect: { ok: true, data: { id: { $type: "string" }, length: { $type: "number" } } }
  - expect-emit: "message:new"
    client: "chat"
    payload: { text: { $type: "string" } }
  - call: "message:send"
    client: "chat"
    payload: { text: "" }
    expect: { ok: false, error: { code: "FST_NSP_EVENT_INVALID" } }
  - send: "message:send"
    client: "chat"
    payload: { text: "sent" }
  - stream: "count:up"
    client: "chat"
    payload: { to: "{{limit}}" }
  - stream: "count:up"
    client: "chat"
    payload: { to: 5 }
    count: 2
  - join: "/nowhere"
    client: "nowhere"
    refused: { code: "FST_NSP_NAMESPACE_UNKNOWN" }
  - join: "/chat"
    client: "chat-2"
    auth: { token: "{{token-2}}" }
  - leave: "chat"
`,
  )
})

const KEEPS = ['nothing', 'types', 'exactly'] as const

function exportKeeping(keep: (typeof KEEPS)[number]) {
  const { recording, keep: keepAll } = recordChat()
  keepAll(keep)
  return recording()
}

t.test('an exported scenario passes on the command line, however much of the answers is kept', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  for (const keep of KEEPS) {
    const cwd = t.testdir({ 'scenario.yaml': writeScenario(exportKeeping(keep), 'scenario.yaml') })
    const args = ['run', 'scenario.yaml', '--url', url, '--var', 'token=right', '--var', 'token-2=right']
    const { code, out, err } = await run(args, { cwd })
    t.equal(code, 0, `${keep}: ${out}${err}`)
    t.match(out, 'ok 11 - leave chat')
  }
})

t.test('an exported tap test compiles and passes, however much of the answers is kept', async (t) => {
  const tests = KEEPS.map((keep) => [`${keep}.test.ts`, writeTapTest(exportKeeping(keep), 'scenario.test.ts')] as const)
  const tsconfig = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { rootDir: root, paths: { 'fastify-namespaces': [join(root, 'plugin/index.ts')] } },
    files: tests.map(([file]) => file),
    include: [],
  }
  const cwd = t.testdir({ 'tsconfig.json': JSON.stringify(tsconfig), ...Object.fromEntries(tests) })
  await writeFile(
    join(cwd, 'server.ts'),
    `import Fastify from 'fastify'
    import namespaces from 'fastify-namespaces'
    import { CHAT } from '${relative(cwd, join(root, 'test/plugin/cli/live-harness.js'))}'

    export async function buildServer() {
      const app = Fastify()
      await app.register(namespaces, { namespaces: { '/chat': CHAT } })
      return app
    }`,
  )
  const env: NodeJS.ProcessEnv = { ...process.env, TOKEN: 'right', TOKEN_2: 'right' }
  // Through env(1), because tap puts its own loader into every child's NODE_OPTIONS.
  const node = (...args: string[]) =>
    promisify(execFile)('env', ['-u', 'NODE_OPTIONS', '-u', 'TAP', process.execPath, ...args], { cwd, env }).then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }) => stdout + stderr,
    )
  t.equal(await node(join(root, 'node_modules/ts7/bin/tsc'), '--noEmit', '-p', '.'), '')
  const loaders = ['test/typescript.js', 'test/own-name.js'].flatMap((file) => ['--import', join(root, file)])
  for (const [file] of tests) t.match(await node(...loaders, file), /^ok 1 - a recording/m)
  env.TOKEN_2 = undefined
  t.match(await node(...loaders, 'nothing.test.ts'), 'set TOKEN_2')
})

t.test('no secret is in an export, wherever it was sent or came back', async (t) => {
  const part = fc.string({ unit: 'binary', maxLength: 20 })
  const place = fc.constantFrom('auth', 'credential', 'payload', 'answer', 'key', 'emit', 'refusal')
  fc.assert(
    fc.property(part, part, fc.array(place, { minLength: 1 }), (rest, before, places) => {
      const secret = `S3CR3T-0${rest}`
      const { join, call, hear, expectLast, keep, recording } = record({ secrets: { token: secret } })
      const text = (where: string) => (places.includes(where as never) ? `${before}${secret}` : 'none')
      join(
        '/chat',
        JSON.stringify({ user: text('auth'), password: places.includes('credential') ? 'S3CR3T-1-other' : '' }),
      )
      hear('/chat', text('key'), { [text('key')]: text('emit') })
      expectLast()
      const answer = { text: text('answer'), other: text('credential'), [text('key')]: 1 }
      call('/chat', 'a', JSON.stringify({ x: [text('payload')] }), { ok: true, data: answer })
      call('/chat', 'b', '"S3CR3T-1-other"', { ok: false, error: { code: text('refusal') } })
      keep('exactly')
      const exports = [writeScenario(recording(), 'scenario.yaml'), writeTapTest(recording(), 'scenario.test.ts')]
      for (const exported of exports) {
        t.notMatch(exported, 'S3CR3T-0')
        if (places.includes('credential')) t.notMatch(exported, 'S3CR3T-1')
      }
    }),
  )
})

t.test('whatever is sent and answered, the command line reads the same values', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.string({ unit: 'binary' }), async (value, event) => {
      const { join, call, keep, recording } = record()
      join('/chat')
      call('/chat', event, JSON.stringify(value), { ok: true, data: { value } })
      keep('exactly')
      const text = JSON.stringify(value)
      if (/\{\{|\$(type|match|absent)/.test(text + event)) return
      const { steps } = await parse(writeScenario(recording(), 'scenario.yaml'))
      t.match(steps[1], { call: event })
      t.strictSame(JSON.stringify(Object(steps[1]).payload), text)
      if (!text.includes('__proto__')) t.strictSame(JSON.stringify(Object(steps[1]).expect.data.value), text)
    }),
    { numRuns: 50 },
  )
})

t.test('a server that answers with variables and matchers makes no scenario that does not run', async (t) => {
  const { join, call, keep, recording } = record()
  join('/chat')
  const data = { a: '{{env.HOME}}', '{{b}}': 1, c: { $match: '.*' }, d: [{ $type: 'x' }], e: '{{__proto__}}' }
  call('/chat', 'a', '{}', { ok: true, data })
  keep('exactly')
  const { steps } = await parse(writeScenario(recording(), 'scenario.yaml'))
  const matched = { a: { $type: 'string' }, c: { $type: 'object' }, d: [{ $type: 'object' }], e: { $type: 'string' } }
  t.strictSame(Object(steps[1]).expect, { ok: true, data: matched })
})

t.test('a step that has been deleted is not exported; after all of them, it begins with the join', async (t) => {
  const { recorder, join, call } = record()
  join('/chat')
  call('/chat', 'a', '{}', { ok: true })
  recorder.set(recorder.steps.getSnapshot().slice(0, 1))
  t.equal(recorder.steps.getSnapshot().length, 1)
  recorder.set([])
  join('/chat')
  t.match(recorder.steps.getSnapshot(), [{ kind: 'join', target: '/chat' }])
})

t.test('an emit that came before the ack of a step can be expected, until a step does', async (t) => {
  const { recorder, join, call, hear, expectLast } = record()
  const offered = () => recorder.heard().map(({ event, ordinal }) => `${event} ${ordinal}`)
  hear('/chat', 'welcome', {})
  t.strictSame(offered(), [], 'of a client that has not joined yet')
  join('/chat')
  t.strictSame(offered(), ['welcome 1'], 'it came in the packet of the join')
  hear('/chat', 'message:new', { text: 'before the ack' })
  call('/chat', 'message:send', '{}', { ok: true })
  hear('/chat', 'message:new', { text: 'after it' })
  call('/chat', 'message:send', '{}', { ok: true })
  t.strictSame(offered(), ['message:new 2', 'message:new 1', 'welcome 1'])
  expectLast()
  t.strictSame(offered(), ['welcome 1'], 'what comes before an expected emit of its name is skipped')
  t.match(recorder.steps.getSnapshot().at(-1), { target: 'message:new', skipped: 1 })
  for (let count = 0; count < 100; count++) hear('/chat', 'message:new', {})
  t.equal(recorder.heard().length, 30)
  recorder.set([])
  t.strictSame(offered(), [])
})

t.test('a recording goes on after it was stopped: what has joined joins once', async (t) => {
  const { recorder, join, call, act, lanes } = record()
  const kinds = () => recorder.steps.getSnapshot().map(({ kind }) => kind)
  join('/chat')
  lanes.set([{ name: '/chat', address: '/chat', state: { status: 'joined', recovered: false } }])
  recorder.stop()
  recorder.start()
  join('/chat')
  call('/chat', 'a', '{}', { ok: true })
  t.strictSame(kinds(), ['join', 'call'])
  recorder.stop()
  lanes.set([])
  recorder.start()
  t.strictSame(kinds(), ['join', 'call', 'leave'], 'it was left meanwhile')
  join('/chat')
  act('/chat', { kind: 'leave' })
  t.strictSame(kinds(), ['join', 'call', 'leave', 'join', 'leave'])
})

t.test('whose join was deleted joins again with its next step', async (t) => {
  const { recorder, join, call, lanes } = record()
  join('/chat')
  lanes.set([{ name: '/chat', address: '/chat', state: { status: 'joined', recovered: false } }])
  recorder.set([])
  call('/chat', 'a', '{}', { ok: true })
  t.match(recorder.steps.getSnapshot(), [{ kind: 'join' }, { kind: 'call' }])
})

t.test('an exported file says how it is run, and a test which variable is not set', async (t) => {
  const { join, call, recording } = record({ secrets: { token: 'S3CR3T-token' } })
  join('/chat', '{"token":"{{token}}"}')
  join('/unused')
  call('/chat', 'message:send', '{}', { ok: true })
  t.match(writeScenario(recording(), 'my-chat.yaml'), 'run my-chat.yaml --url')
  const text = writeTapTest(recording(), 'my-chat.test.ts')
  t.match(text, /^\/\/ TOKEN=… node --import tsx my-chat\.test\.ts\n/)
  t.match(text, "token: readEnvironment('TOKEN')")
  t.match(text, ", { ok: true }, 'call message:send')")
  t.match(text, "  await app.injectSocket('/unused')")
})
