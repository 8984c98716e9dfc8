import Fastify from 'fastify'
import t from 'tap'
import { normalizeOptions } from '../../../../plugin/definition/normalize/plugin-options.js'
import namespaces from '../../../../plugin/index.js'

/** The message with which boot refuses options, or a note that it accepts them. */
async function boot(options: object): Promise<string> {
  const app = Fastify()
  try {
    await app.register(namespaces, options)
    return 'taken'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return code === 'FST_NSP_OPTIONS_INVALID' ? message : `another error: ${message}`
  } finally {
    await app.close()
  }
}

const withOrigin = (origin: unknown) => boot({ io: { cors: { origin } } })

t.test('boot refuses an io.cors that is * or true, with the remedy', async (t) => {
  const example = "Write cors: { origin: ['https://app.example'] }"
  for (const [cors, got] of [
    ['*', '"*"'],
    ['https://app.example', '"https://app.example"'],
    [true, 'true'],
    [false, 'false'],
    [null, 'null'],
    [7, 'number'],
    [[], 'array'],
    [['https://app.example'], 'array'],
  ] as const) {
    const message = await boot({ io: { cors } })
    t.equal(message, `Option io.cors must be an object, or a function: got ${got}. ${example}`)
  }
})

t.test('boot refuses a misspelt key of io.cors, with the nearest known key', async (t) => {
  t.match(
    await boot({ io: { cors: { orgin: 'https://app.example' } } }),
    /^Option io\.cors\.orgin is unknown: did you mean "origin"\? use one of origin, methods, /,
  )
  t.match(await boot({ io: { cors: { credentails: true } } }), /^Option io\.cors\.credentails .* "credentials"\?/)
  t.match(
    await boot({ io: { cors: { nonsense: true } } }),
    /^Option io\.cors\.nonsense is unknown: use one of origin, /,
  )
})

t.test('boot refuses an origin that is not written as browsers send it, with its path and the remedy', async (t) => {
  const wrong: [origin: unknown, message: string][] = [
    ['https://app.example/', 'got "https://app.example/", write "https://app.example"'],
    ['https://app.example/page?x#y', 'got "https://app.example/page?x#y", write "https://app.example"'],
    ['app.example', 'got "app.example", write "https://app.example"'],
    ['//app.example', 'got "//app.example", write "https://app.example"'],
    ['app.example:8080/page', 'got "app.example:8080/page", write "https://app.example:8080"'],
    ['https://APP.example', 'got "https://APP.example", write "https://app.example"'],
    ['https://app.example:443', 'got "https://app.example:443", write "https://app.example"'],
    ['http://me:pw@app.example', 'got "http://me:pw@app.example", write "http://app.example"'],
    ['https://bücher.example', 'got "https://bücher.example", write "https://xn--bcher-kva.example"'],
    ['localhost:5173', 'got "localhost:5173", write "http://localhost:5173"'],
    ['capacitor://localhost/', 'got "capacitor://localhost/", write "capacitor://localhost"'],
    ['http://[', 'got "http://[", write "https://app.example"'],
    ['', 'got "", write "https://app.example"'],
  ]
  for (const [origin, problem] of wrong) {
    const message = `must be an origin, as a browser sends it: ${problem}`
    t.equal(await withOrigin(origin), `Option io.cors.origin ${message}`)
    t.equal(await withOrigin([/x/, origin]), `Option io.cors.origin[1] ${message}`)
  }
  t.match(await withOrigin('null'), /^Option io\.cors\.origin must not be "null"/)
  t.match(
    await withOrigin('https://*.app.example'),
    /^Option io\.cors\.origin contains \*, .* write a regular expression/,
  )
  t.match(
    await withOrigin(['*']),
    /^Option io\.cors\.origin\[0\] contains \*/,
    'the `cors` package does not read it there',
  )
  for (const [origin, got] of [
    [7, 'number'],
    [null, 'null'],
    [{}, 'object'],
  ] as const) {
    t.match(await withOrigin(origin), new RegExp(`^Option io\\.cors\\.origin must be an origin as .*: got ${got}$`))
  }
  t.match(
    await withOrigin([['https://app.example']]),
    /^Option io\.cors\.origin\[0\] must be an origin as .*: got array$/,
  )
  t.match(await withOrigin([true]), /^Option io\.cors\.origin\[0\] must be an origin as .*: got true$/)
})

t.test('boot refuses an io.cors that allows every page with cookies', async (t) => {
  const write = "write cors: { origin: ['https://app.example'] }"
  t.equal(
    await withOrigin(true),
    `Option io.cors.origin must list the origins, because true allows every page: ${write}`,
  )
  t.equal(
    await boot({ io: { cors: { origin: '*', credentials: true } } }),
    `Option io.cors.origin must list the origins if credentials are allowed: ${write}`,
  )
})

t.test('boot accepts every form of io.cors that lists its origins', async (t) => {
  const forms: unknown[] = [
    {},
    { origin: 'https://app.example' },
    { origin: 'http://localhost:5173', methods: ['GET', 'POST'], allowedHeaders: 'x-a', exposedHeaders: [], maxAge: 1 },
    { origin: ['https://app.example', /\.app\.example$/], credentials: true, headers: 'x-a' },
    { origin: 'capacitor://localhost', preflightContinue: true, optionsSuccessStatus: 200 },
    { origin: 'file://' },
    { origin: '*' },
    { origin: false },
    { origin: [] },
    { origin: (_origin: unknown, answer: (error: null, is: boolean) => void) => answer(null, true) },
    (_request: unknown, answer: (error: null, options: object) => void) => answer(null, {}),
    undefined,
  ]
  for (const cors of forms) t.doesNotThrow(() => normalizeOptions({ io: { cors } } as never), String(cors))
})

t.test('a misplaced or outdated option of Socket.IO is refused with its right place', async (t) => {
  t.equal(
    await boot({ cors: { origin: 'https://app.example' } }),
    'Option cors is an option of Socket.IO: write io: { cors: … }',
  )
  t.equal(await boot({ path: '/ws' }), 'Option path is an option of Socket.IO: write io: { path: … }')
  t.equal(
    await boot({ io: { origins: '*:*' } }),
    "Option io.origins is an option of Socket.IO 2: write cors: { origin: ['https://app.example'] }",
  )
  t.equal(
    await boot({ io: { allowRequest: true } }),
    'Option io.allowRequest must be a function (request, callback): got boolean',
  )
  t.equal(await boot({ io: 7 }), 'Option io must be an object: got 7')
  t.equal(
    await boot({ io: { wsEngine: 'ws' } }),
    'Option io.wsEngine must be a class, such as WebSocketServer of ws: got string',
  )
  for (const parser of [{}, { Encoder: class {} }, 'msgpack']) {
    t.match(
      await boot({ io: { parser } }),
      /^Option io.parser must have the classes Encoder and Decoder, like socket.io-msgpack-parser: got (object|string)$/,
    )
  }
})

t.test('boot refuses async functions of io.cors, because nothing handles their rejections', async (t) => {
  const expected = 'must not be async: call back with callback(error, value)'
  t.equal(await withOrigin(async () => true), `Option io.cors.origin ${expected}`)
  t.equal(await boot({ io: { cors: async () => ({}) } }), `Option io.cors ${expected}`)
})
