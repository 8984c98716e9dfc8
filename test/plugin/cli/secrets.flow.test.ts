import { readFile } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import createError from '@fastify/error'
import t, { type Test } from 'tap'
import { createRedact, findHeaderSecrets, findSecrets, textsIn } from '../../../plugin/cli/live/credentials.js'
import type { AnyNamespaceDefinition } from '../../../plugin/index.js'
import { run, serve } from './live-harness.js'

/** Sends back what it gets, in code and message of its errors. */
const TELLTALE = {
  events: {
    login: { handler: () => ({ token: 'sh0rt', otp: 'o1p', pin: 4711 }) },
    tell: {
      handler: (payload: unknown) => {
        const text = JSON.stringify(payload)
        throw new (createError(`TOLD_${Object(payload).code}`, 'told %s', 400))(text)
      },
    },
  },
} as AnyNamespaceDefinition

const REFUSING = {
  onRequest: async (request: { auth?: unknown; headers: Record<string, unknown> }) => {
    const { authorization, cookie } = request.headers
    const parts = [Object(request.auth).token, String(authorization).split(' ')[1], String(cookie).split('sid=')[1]]
    throw new (createError('REFUSED', 'no %s', 401))(parts.join(' '))
  },
} as unknown as AnyNamespaceDefinition

async function runScenario(t: Test, command: readonly string[], yaml: string) {
  const url = await serve(t, { '/tell': TELLTALE, '/refuse': REFUSING })
  const cwd = t.testdir({ 'scenario.yaml': yaml })
  const ends = command[0] === 'run' ? ['--url', url] : [url, '--scenario', 'scenario.yaml']
  return { cwd, url, ...(await run([...command, ...ends], { cwd })) }
}

t.test('run writes no secret that it has saved, and none of the auth of a step', async (t) => {
  const saved = await runScenario(
    t,
    ['run', 'scenario.yaml'],
    `
secrets: [otp, pin]
steps:
  - join: /tell
  - call: login
    save: { token: data.token, otp: data.otp, pin: data.pin }
  - call: tell
    payload: ["{{token}}", "{{otp}}", "{{pin}}"]
`,
  )
  t.equal(saved.code, 1)
  t.match(saved.out, /told/)
  t.notMatch(saved.out + saved.err, /sh0rt|o1p|4711/)
  const literal = await runScenario(
    t,
    ['run', 'scenario.yaml'],
    `
steps:
  - join: /refuse
    auth: { token: l1teral }
`,
  )
  t.match(literal.out, /REFUSED: no \s*\[redacted\]/)
  const expanded = await runScenario(
    t,
    ['run', 'scenario.yaml'],
    `
steps:
  - join: /tell
  - call: login
    save: { t: data.token }
  - join: /refuse
    client: other
    auth: { token: "{{t}}" }
`,
  )
  t.match(expanded.out, /REFUSED: no \s*\[redacted\]/)
})

t.test('load writes no secret: neither in its page, nor if no client joins', async (t) => {
  const page = await runScenario(
    t,
    ['load', '--clients', '1', '--ramp', '10ms', '--rate', '50', '--duration', '500ms', '--html', 'load.html'],
    `
variables: { one: 'a<b&c', two: { user: ada, more: ['zz9zz'] } }
secrets: [one, two]
steps:
  - join: /tell
  - call: tell
    payload: { code: "{{one}}" }
`,
  )
  const html = await readFile(joinPath(page.cwd, 'load.html'), 'utf8')
  t.notMatch(page.out + page.err + html, /a<b|b&|&#60;b/)
  const refused = await runScenario(
    t,
    ['load', '--clients', '1', '--ramp', '10ms', '--duration', '300ms', '--token', 'REFUSED'],
    'steps: [{ join: /refuse }]',
  )
  t.match(refused, { code: 1, err: /No client could join: \{"\[redacted\]"/ })
})

t.test('parts of headers and of URLs are secrets, too', async (t) => {
  const url = await serve(t, { '/refuse': REFUSING })
  const headers = ['-H', 'authorization: Bearer b3arer', '-H', 'cookie: theme=dark; sid=c00kie']
  const { code, err } = await run(['call', url, '/refuse', 'x', '{}', ...headers])
  t.equal(code, 1)
  t.notMatch(err, /b3arer|c00kie/)
  t.strictSame(findHeaderSecrets({ authorization: 'Basic dXNlcjpw==' }), ['Basic dXNlcjpw==', 'dXNlcjpw=='])
  const broken = await run(['call', 'http://ada:p%@127.0.0.1:1', '/refuse', 'x'])
  t.match(broken, { code: 2, err: /^The credentials of the URL are not valid: write a % as %25\n$/ })
  const source = await run(['print', 'http://ada:p%@127.0.0.1:1'])
  t.match(source, { code: 2, err: /^The credentials of the URL are not valid/ })
})

t.test('secrets are texts and numbers, at any depth', async (t) => {
  t.strictSame(findSecrets({ key: 12345, password: { old: 'abc', list: ['def'] }, name: 'ada', on: true }), [
    ...['12345', 'abc', 'def'],
  ])
  t.strictSame(textsIn({ a: ['x', '', 1, null, true], b: undefined }), ['x', '1'])
  t.equal(createRedact(['a"b'])('{"t":"a\\"b"}'), '{"t":"[redacted]"}')
})

t.test('Ctrl+C ends what run and call await, and the scenario has not passed', async (t) => {
  let ending = new AbortController()
  const handler = () => {
    ending.abort()
    return new Promise(() => {})
  }
  const url = await serve(t, { '/slow': { events: { wait: { handler } } } as AnyNamespaceDefinition })
  const cwd = t.testdir({ 'scenario.yaml': 'steps: [{ join: /slow }, { call: wait }, { leave: client }]' })
  const command = ['run', 'scenario.yaml', '--url', url, '--timeout', '10m']
  const scenario = await run(command, { cwd, signal: ending.signal })
  t.match(scenario, { code: 1, out: /^not ok 2 - call wait$/m })
  const early = await run(command, { cwd, signal: ending.signal })
  t.match(early, { code: 1, err: 'The scenario was ended before its end\n' })
  ending = new AbortController()
  const call = await run(['call', url, '/slow', 'wait', '--timeout', '10m'], { signal: ending.signal })
  t.match(call, { code: 1, err: /DISCONNECTED/ })
})

t.test('a duration is no longer than a timer of Node.js', async (t) => {
  const { code, err } = await run(['listen', 'http://127.0.0.1:1', '/chat', '--for', '90000m'])
  t.match({ code, err }, { code: 2, err: /--for has to be 24 days at most/ })
})
