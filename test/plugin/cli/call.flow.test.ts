import { EventEmitter } from 'node:events'
import t from 'tap'
import { openStream } from '../../../plugin/cli/live/event-calls.js'
import { importClient } from '../../../plugin/cli/live/server-connection.js'
import { CHAT, linesOf, run, serve } from './live-harness.js'

t.test('call prints the data of the ack as a line of JSON', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const { code, out, err } = await run(['call', url, '/chat', 'message:send', '{ "text": "hi" }'])
  t.strictSame({ code, err, lines: linesOf(out) }, { code: 0, err: '', lines: [{ id: 'id-hi', length: 2 }] })
})

t.test('call reads the payload from stdin, sends none without one, and takes a transport and a path', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const piped = await run(['call', url, '/chat', 'message:send', '-'], { input: '{ "text": "hey" }\n' })
  t.match(piped, { code: 0, out: /id-hey/ })
  const options = ['--transport', 'websocket', '--path', 'socket.io/']
  t.match(await run(['call', `${url}/`, '/chat', 'nothing', ...options]), { code: 0, out: 'null\n' })
})

t.test('call sends and prints binary data as $binary', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const payload = '{ "image": { "$binary": "AQID" }, "other": { "$binary": 1 } }'
  const { out } = await run(['call', url, '/chat', 'image:echo', payload])
  t.strictSame(linesOf(out), [{ image: { $binary: 'AQID' }, other: { $binary: 1 } }])
})

t.test('call writes the error of an ack, of a join and of a handshake to stderr, and exits with 1', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const refused = await run(['call', url, '/chat', 'message:send', '{ "text": "bad" }'])
  t.match([refused.code, refused.out], [1, ''])
  t.match(linesOf(refused.err), [{ code: 'FORBIDDEN_WORD', details: { word: 'bad' } }])
  t.match(linesOf((await run(['call', url, '/nowhere', 'x'])).err), [{ code: 'FST_NSP_NAMESPACE_UNKNOWN' }])
  const lost = await run(['call', `${url}/elsewhere`, '/chat', 'x', '--transport', 'polling'])
  t.match(
    [lost.code, linesOf(lost.err)],
    [1, [{ code: 'CONNECT_FAILED', statusCode: 404, message: /^The handshake is answered with 404: / }]],
  )
  const gone = await run(['call', 'http://127.0.0.1:1', '/chat', 'x'])
  t.match(
    [gone.code, linesOf(gone.err)],
    [1, [{ code: 'CONNECT_FAILED', statusCode: undefined, message: /^No Socket.IO server answers there: / }]],
  )
})

t.test('call ends when no answer comes, or when it is disconnected', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const late = await run(['call', url, '/chat', 'never', '--timeout', '2s'])
  t.match([late.code, linesOf(late.err)], [1, [{ code: 'TIMEOUT', message: 'No answer within 2000 ms' }]])
  const left = await run(['call', url, '/chat', 'leave'])
  t.match([left.code, linesOf(left.err)], [1, [{ code: 'DISCONNECTED' }]])
})

t.test('credentials come from options or the environment, and are never written', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const call = ['call', url, '/chat', 'nothing']
  const ways = [
    await run([...call, '--token', 'wrong-token']),
    await run([...call, '--auth', '{ "token": "wrong-token" }']),
    await run(call, { env: { FASTIFY_NAMESPACES_AUTH: '{ "token": "wrong-token" }' } }),
  ]
  for (const { code, out, err } of ways) {
    t.match(linesOf(err), [{ code: 'TOKEN_WRONG', message: 'No such token: [redacted]', statusCode: 401 }])
    t.match([code, out], [1, ''])
  }
  const other = url.replace('//', '//ada:pass-word@')
  t.match(await run([...call, '--auth', '{ "list": ["x"], "name": "Ada" }', '-H', 'x-key: k3y']), { code: 0 })
  t.match(await run(['call', other, '/chat', 'nothing', '--auth', '{ "name": "Ada" }']), { code: 0, out: 'null\n' })
})

t.test('wrong usage is exit code 2, and repeats no secret', async (t) => {
  const call = ['call', 'http://127.0.0.1:1', '/chat', 'x']
  for (const [args, message] of [
    [['--auth', '{ "token": secret }'], /--auth has to be an object in JSON/],
    [['--auth', '"secret"'], /--auth has to be an object in JSON/],
    [['--transport', 'secret'], /--transport has to be websocket or polling/],
    [['--timeout', 'secret'], /--timeout has to be a duration/],
    [['-H', 'secret'], /Header 1 is not valid/],
    [['{ secret }'], /The payload is not valid JSON/],
  ] as const) {
    const { code, err } = await run([...call, ...args])
    t.match(err, message)
    t.notMatch(err, /secret/)
    t.equal(code, 2)
  }
  const { code, err } = await run(call, { env: { FASTIFY_NAMESPACES_AUTH: '[]' } })
  t.match([code, err], [2, /^FASTIFY_NAMESPACES_AUTH has to be/])
  t.match(await run(['call', 'nowhere', '/chat', 'x']), { code: 2, err: /The URL is not valid/ })
})

t.test('call prints each item of a stream as a line of JSON, and its return value to stderr', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const call = ['call', url, '/chat', 'count:up']
  const asked = await run([...call, '{ "to": 3 }'])
  t.strictSame([asked.code, linesOf(asked.out)], [0, [{ count: 1 }, { count: 2 }, { count: 3 }]])
  t.equal(asked.err, 'result: "three"\n')
  const known = await run([...call, '{ "to": 40 }', '--stream'])
  t.match([known.code, linesOf(known.out).length, known.err], [0, 40, ''])
  const failed = await run([...call, '{ "to": 13 }', '--stream'])
  t.match([failed.code, linesOf(failed.out).length], [1, 13])
  t.match(linesOf(failed.err), [{ code: 'UNLUCKY' }])
})

t.test('a signal cancels a stream, and call ends with 0', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const ending = new AbortController()
  const { code, err } = await run(['call', url, '/chat', 'count:up', '{ "to": 1000000000 }', '--stream'], {
    signal: ending.signal,
    onWrite: (out) => {
      if (out.includes('50}')) ending.abort()
    },
  })
  t.strictSame([code, err], [0, ''])
})

t.test('items of another stream of the same socket are left alone', async (t) => {
  const socket = new EventEmitter()
  const items: unknown[] = []
  socket.on('log:tail', (_payload, { id }: { id: string }, ack: (envelope: object) => void) => {
    socket.emit('namespace:item', 'another', 1)
    socket.emit('namespace:item', id, 2)
    ack({ ok: true })
  })
  const { signal } = new AbortController()
  await openStream(socket as never, 'log:tail', 1, { onItem: (item) => items.push(item), signal, timeoutMs: 10_000 })
  t.strictSame(items, [2])
})

t.test('without socket.io-client, a command says what to install', async (t) => {
  const load = () => Promise.reject(new Error('Cannot find package'))
  await t.rejects(importClient(load), { exitCode: 2, message: /npm install --save-dev socket\.io-client$/ })
})
