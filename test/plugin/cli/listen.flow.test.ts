import t from 'tap'
import { build, listen } from '../harness.js'
import { CHAT, linesOf, run, serve } from './live-harness.js'

// Beside other tests, processes and clients take their time.
t.setTimeout(120_000)

t.test('listen prints each emit as a line of JSON, until as many have come as were asked for', async (t) => {
  const app = await build(t, { namespaces: { '/chat': {} } })
  const url = `http://127.0.0.1:${await listen(app)}`
  const listening = run(['listen', '-e', 'message:new', '-H', 'x-a: 1', url, '/chat', '--count', '2', '--for', '20s'])
  app.io.of('/chat').on('connection', (socket) => {
    app.io
      .of('/chat')
      .timeout(10_000)
      .emit('other', 1, () => {})
    for (const text of ['one', 'two', 'three']) socket.emit('message:new', { text })
  })
  const { code, out } = await listening
  t.equal(code, 0)
  t.match(linesOf(out), [
    { event: 'message:new', args: [{ text: 'one' }], at: /^20\d\d-.*Z$/ },
    { event: 'message:new', args: [{ text: 'two' }] },
  ])
  t.equal(linesOf(out).length, 2)
})

t.test('listen ends at a time, and fails if too few emits have come by then', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  t.match(await run(['listen', url, '/chat', '--for', '50ms']), { code: 0, out: '' })
  const { code, err } = await run(['listen', url, '/chat', '--for', '50ms', '--count', '1'])
  t.match([code, linesOf(err)], [1, [{ code: 'TIMEOUT', message: '0 of 1 emits within 50 ms' }]])
})

t.test('listen ends with the terminal', async (t) => {
  const app = await build(t, { namespaces: { '/chat': { events: {} } } })
  const url = `http://127.0.0.1:${await listen(app)}`
  const ending = new AbortController()
  app.io.of('/chat').on('connection', (socket) => socket.emit('hello', 'you', () => {}))
  const { code, out } = await run(['listen', url, '/chat', '--count', '5'], {
    signal: ending.signal,
    onWrite: () => ending.abort(),
  })
  t.match([code, linesOf(out)], [0, [{ event: 'hello', args: ['you'] }]])
  t.match(await run(['listen', url, '/chat'], { signal: ending.signal }), { code: 0 })
})

t.test('listen joins again after a lost connection, and ends when the server disconnects it', async (t) => {
  const app = await build(t, { namespaces: { '/chat': {} } })
  const url = `http://127.0.0.1:${await listen(app)}`
  let joins = 0
  app.io.of('/chat').on('connection', (socket) => {
    if (++joins === 1) socket.conn.close()
    else {
      socket.emit('again')
      socket.disconnect()
    }
  })
  const { code, out, err } = await run(['listen', url, '/chat'])
  t.match([code, linesOf(out)], [1, [{ event: 'again', args: [] }]])
  t.match(err, /^disconnected: transport close\n.*io server disconnect/s)
})

t.test('listen writes a refusal to stderr, and refuses wrong options', async (t) => {
  const url = await serve(t, { '/chat': CHAT })
  const { code, err } = await run(['listen', url, '/nowhere'])
  t.match([code, linesOf(err)], [1, [{ code: 'FST_NSP_NAMESPACE_UNKNOWN' }]])
  t.match(await run(['listen', url, '/chat', '--count', '0']), { code: 2, err: /--count has to be a whole number/ })
  t.match(await run(['listen', url, '/chat', '--for', 'ever']), { code: 2, err: /--for has to be a duration/ })
})
