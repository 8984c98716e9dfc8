import t from 'tap'
import { secretsOf, toFailure, toUnreachable } from '../../../../plugin/adapters/redis/redis-failure.js'
import { isBefore, problemOfServer, readEntry, readStreams } from '../../../../plugin/adapters/redis/redis-replies.js'

t.test('streams are read from RESP2 and RESP3', async (t) => {
  const entries = [['1-0', ['n', 'node', 'k', '1', 'b', 'body']]] as [string, string[]][]
  t.strictSame(readStreams(null), [])
  t.strictSame(readStreams([['key', entries]]), [['key', entries]])
  t.strictSame(readStreams({ key: entries }), [['key', entries]])
  t.strictSame(readStreams(new Map([['key', entries]])), [['key', entries]])
})

t.test('an entry is read, a mark is skipped, and anything else is told', async (t) => {
  const read = (...fields: string[]) => readEntry(['1-0', fields])
  t.strictSame(read('n', 'node', 'k', '12', 'b', ''), { position: '1-0', node: 'node', number: 12, body: '' })
  t.equal(read('m', '1'), undefined)
  for (const fields of [
    [],
    ['foreign', 'entry'],
    ['n', 'node', 'k', '1'],
    ['n', 'node', 'k', '1', 'b'],
    ['n', '', 'k', '1', 'b', 'body'],
    ['n', 'node', 'x', '1', 'b', 'body'],
    ['n', 'node', 'k', '0', 'b', 'body'],
    ['n', 'node', 'k', '1.5', 'b', 'body'],
    ['n', 'node', 'k', 'x', 'b', 'body'],
  ])
    t.equal(read(...fields), null, fields.join(' '))
})

t.test('positions are compared by their numbers', async (t) => {
  t.ok(isBefore('9-0', '10-0'))
  t.ok(isBefore('9-9', '9-10'))
  t.notOk(isBefore('9-9', '9-9'))
  t.notOk(isBefore('10-0', '9-9'))
})

t.test('a server that is too old, or a replica, is named', async (t) => {
  t.strictSame(problemOfServer('# Server\r\nredis_version:6.0.16\r\n'), [
    'is Redis 6.0',
    'use Redis 6.2 or later, or Valkey',
  ])
  t.match(problemOfServer('redis_version:7.2.4\r\nrole:slave\r\n'), ['is a replica, which can not be written to'])
  t.equal(problemOfServer('redis_version:6.2.0\r\nrole:master\r\n'), undefined)
  t.equal(problemOfServer('redis_version:10.0.0\r\nrole:master\r\n'), undefined)
  t.equal(problemOfServer(''), undefined, 'who may not ask')
})

t.test('an error for the log has no command and no password', async (t) => {
  const error = Object.assign(new Error('ERR unknown command `HELLO`, with args beginning with: `AUTH` `sesame`'), {
    command: { name: 'auth', args: ['sesame'] },
  })
  t.equal(toFailure(error, []).message, 'ERR unknown command `HELLO`')
  t.notOk('command' in toFailure(error, []))
  const refused = Object.assign(new Error('connect ECONNREFUSED /sesame'), { code: 'ECONNREFUSED' })
  t.match(toFailure(refused, ['sesame']), { message: 'connect ECONNREFUSED /***', code: 'ECONNREFUSED' })
  t.equal(toFailure(new AggregateError([new Error('one'), new Error('two')]), []).message, 'one')
  t.equal(toFailure('text', []).message, 'text')
  const options = {
    password: 'one',
    sentinels: [{ host: 'h' }],
    redisOptions: { sentinelPassword: 'two', password: '' },
    retry: 1,
  }
  t.strictSame(secretsOf(options), ['one', 'two'])
  t.strictSame(secretsOf(undefined), [])
  const coded = toUnreachable(new Error('x'), [])
  t.equal(toUnreachable(coded, []), coded)
})
