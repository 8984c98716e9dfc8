import { readdir, readFile } from 'node:fs/promises'
import { errorCodes } from 'fastify'
import t from 'tap'
import * as brokerErrors from '../../../plugin/adapters/broker-errors.js'
import * as consoleErrors from '../../../plugin/console/console-errors.js'
import { DeclaredError, toWireError } from '../../../plugin/shared/client-error.js'
import * as idempotencyErrors from '../../../plugin/shared/errors/idempotency-errors.js'
import * as outboxErrors from '../../../plugin/shared/errors/outbox-errors.js'
import * as presenceErrors from '../../../plugin/shared/errors/presence-errors.js'
import * as roomErrors from '../../../plugin/shared/errors/room-errors.js'
import * as streamErrors from '../../../plugin/shared/errors/stream-errors.js'
import * as testErrors from '../../../plugin/shared/errors/test-errors.js'
import * as errors from '../../../plugin/shared/errors.js'

const { isCoded, ...coded } = {
  ...errors,
  ...idempotencyErrors,
  ...brokerErrors,
  ...outboxErrors,
  ...roomErrors,
  ...presenceErrors,
  ...streamErrors,
  ...testErrors,
  ...consoleErrors,
}
const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')

t.test('docs/errors.md lists every error with its status, a cause and a fix, and no other', async (t) => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `FST_NSP_'))
  const documented = new Map(
    rows
      .map((row) =>
        row
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, 5),
      )
      .map(([code, ...rest]) => [code, rest]),
  )
  t.strictSame(
    [...documented.keys()].sort(),
    Object.keys(coded)
      .sort()
      .map((code) => `\`${code}\``),
  )
  for (const [name, Coded] of Object.entries(coded)) {
    const error = new (Coded as unknown as new () => Error & { code: string; statusCode: number })()
    t.equal(error.code, name)
    const [status, cause, fix] = documented.get(`\`${name}\``) ?? []
    t.equal(status, String(error.statusCode), name)
    t.ok(cause && fix, `${name} has a cause and a fix`)
  }
})

t.test('every error has a test', async (t) => {
  const folder = new URL('../../', import.meta.url)
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const sources = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')))
  for (const code of Object.keys(coded))
    t.ok(
      sources.some((source) => source.includes(`'${code}'`)),
      code,
    )
})

t.test('a coded 4xx error is sent as it is, and so is a 503 of this plugin', async (t) => {
  t.strictSame(toWireError(new coded.FST_NSP_ORIGIN_FORBIDDEN('null')), {
    code: 'FST_NSP_ORIGIN_FORBIDDEN',
    statusCode: 403,
    message: 'The origin null may not connect',
  })
  t.match(toWireError(Object.assign(new Error('full'), { code: 'ROOM_FULL', statusCode: 409 })), { code: 'ROOM_FULL' })
  const refusal = Object.assign(new Error('not you'), { statusCode: 401 })
  t.strictSame(toWireError(refusal), { code: 'FST_NSP_REFUSED', statusCode: 401, message: 'not you' })
  t.match(toWireError(new DeclaredError('ROOM_FULL', { max: 1 })), { code: 'ROOM_FULL', details: { max: 1 } })
  t.match(toWireError(new coded.FST_NSP_CLOSING()), { code: 'FST_NSP_CLOSING', statusCode: 503 })
})

t.test('any other error becomes FST_NSP_INTERNAL, and its text is not sent', async (t) => {
  const secrets = [
    new Error('secret'),
    Object.assign(new Error('secret'), { code: 'X', statusCode: 500 }),
    Object.assign(new Error('secret'), { code: 'X', statusCode: 503 }),
    Object.assign(new Error('secret'), { code: 'X' }),
    Object.assign(new Error('secret'), { code: 'X', statusCode: 200 }),
    { code: 'X', statusCode: 400 },
    Object.assign(new Error('secret'), { statusCode: '400' }),
    'secret',
    null,
    undefined,
    7,
  ]
  for (const thrown of secrets) {
    t.strictSame(toWireError(thrown), { code: 'FST_NSP_INTERNAL', statusCode: 500, message: 'Internal error' })
  }
})

t.test('an error of any copy of @fastify/error is recognized', async (t) => {
  t.ok(isCoded(new coded.FST_NSP_CLOSING()))
  t.ok(isCoded(new errorCodes.FST_ERR_NOT_FOUND()))
  for (const other of [new Error('x'), { code: 'X', statusCode: 404 }, 'x', undefined, null]) t.notOk(isCoded(other))
})

t.test('an error of a broker names its kind and the remedy', async (t) => {
  const missing = new brokerErrors.FST_NSP_BROKER_MISSING('redis', 'redis')
  t.match(missing, {
    code: 'FST_NSP_BROKER_MISSING',
    message: /needs a client that is not installed: npm install redis$/,
  })
  const unreachable = new brokerErrors.FST_NSP_BROKER_UNREACHABLE(
    'redis',
    'is a replica',
    'give the url of its primary',
  )
  t.match(unreachable, {
    code: 'FST_NSP_BROKER_UNREACHABLE',
    message: /^The broker of adapter\.type redis is a replica: /,
  })
  const full = new brokerErrors.FST_NSP_BROKER_BACKLOG(64)
  t.match(full, { code: 'FST_NSP_BROKER_BACKLOG', message: /64 bytes of emits wait for it \(adapter\.outboxBytes\)/ })
})
