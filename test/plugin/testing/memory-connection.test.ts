import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { Readable } from 'node:stream'
import t from 'tap'
import { MemoryAgent, MemorySocket } from '../../../plugin/testing/memory-connection.js'
import { until } from '../harness.js'

async function read(socket: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks)
}

t.test('what is written to one end is read from the other, in order', async (t) => {
  const [client, server] = MemorySocket.pair()
  for (const text of ['', 'a', '', 'b']) server.write(text)
  server.end('c')
  t.equal(String(await read(client)), 'abc')
})

t.test('an end that is not read makes the other wait, and loses nothing', async (t) => {
  const [client, server] = MemorySocket.pair()
  const chunk = Buffer.alloc(64 * 1024, 'x')
  let written = 0
  while (client.write(chunk)) written++
  t.ok(client.writableNeedDrain)
  t.ok(server.readableLength <= 2 * chunk.length, `${server.readableLength} bytes wait to be read`)

  let received = 0
  server.on('data', ({ length }) => {
    received += length
  })
  await once(client, 'drain')
  await until(() => received === (written + 1) * chunk.length)
  server.destroy()
})

t.test('a server may answer a client that has ended its side, and a client ends with its server', async (t) => {
  const [client, server] = MemorySocket.pair()
  const closed = Promise.all([once(client, 'close'), once(server, 'close')])
  client.end('who?')
  server.resume()
  await once(server, 'end')
  t.ok(server.writable)
  server.end('me')
  t.equal(String(await read(client)), 'me')
  await closed

  const [other, another] = MemorySocket.pair()
  another.end()
  another.resume()
  other.resume()
  await Promise.all([once(other, 'close'), once(another, 'close')])
  t.ok(other.writableFinished)
})

t.test('a destroyed end ends the other, after what it has written', async (t) => {
  for (const index of [0, 1] as const) {
    const pair = MemorySocket.pair()
    const [gone, left] = [pair[index], pair[1 - index] as MemorySocket]
    gone.write('last words')
    gone.destroy()
    gone.destroy()
    t.equal(String(await read(left)), 'last words')
    t.ok(left.destroyed)
  }
})

t.test('a write to a destroyed end fails, and a pending one does not hang', async (t) => {
  const [client, server] = MemorySocket.pair()
  const underWay = new Promise((resolve) => client.write('nobody reads this', resolve))
  server.destroy()
  t.notOk(await underWay)
  client.write('nor this')
  t.match(await once(client, 'error'), [{ code: 'EPIPE' }])
  t.ok(client.destroyed)
})

t.test('destroySoon() first sends what was written', async (t) => {
  const [client, server] = MemorySocket.pair()
  server.write('last words')
  server.destroySoon()
  t.equal(String(await read(client)), 'last words')
  await until(() => server.destroyed)

  const [, finished] = MemorySocket.pair()
  finished.end()
  await once(finished, 'finish')
  t.notOk(finished.destroyed)
  finished.destroySoon()
  t.ok(finished.destroyed)
})

t.test('it has an address and the methods of a network socket', async (t) => {
  const [client] = MemorySocket.pair()
  t.match(client, { remoteAddress: '127.0.0.1', remoteFamily: 'IPv4', localAddress: '127.0.0.1', connecting: false })
  t.strictSame(client.address(), { address: '127.0.0.1', family: 'IPv4', port: 0 })
  t.equal(client.setTimeout().setNoDelay().setKeepAlive().ref().unref(), client)
  client.destroy()
})

t.test(
  'an agent connects to a server that does not listen, and resolves when its connections have ended',
  async (t) => {
    const server = createServer((_request, response) => setImmediate(() => response.end('hello')))
    const agent = new MemoryAgent(server)
    const answered = once(get('http://memory', { agent }), 'response')
    const ended = agent.ended()
    const [response] = await answered
    t.equal(String(await read(response)), 'hello')
    await ended
  },
)

t.test('a destroyed agent destroys its connections, on both ends', async (t) => {
  const server = createServer()
  const asked = once(server, 'request')
  const agent = new MemoryAgent(server)
  const failed = once(get('http://memory', { agent }), 'error')
  const [request] = await asked
  const ended = agent.ended()
  agent.destroy()
  t.match(await failed, [{ code: 'ECONNRESET' }])
  await Promise.all([ended, until(() => request.socket.destroyed)])
})

t.test('corked chunks arrive as one', async (t) => {
  const [client, server] = MemorySocket.pair()
  const pieces: string[] = []
  server.on('data', (chunk) => pieces.push(String(chunk)))
  client.cork()
  client.write('a')
  client.write('ä')
  client.uncork()
  client.end('b')
  await once(server, 'end')
  t.strictSame(pieces, ['aä', 'b'])
  server.destroy()
})

t.test('nothing of one end runs within a call that the other has made', async (t) => {
  for (const index of [0, 1] as const) {
    const heard: string[] = []
    let calling: string | undefined
    const call = (name: string, act: () => void) => {
      calling = name
      act()
      calling = undefined
    }
    const note = (what: string) => () => void heard.push(calling === undefined ? what : `${what} in ${calling}()`)
    const meet = async () => {
      const pair = MemorySocket.pair()
      const [one, other] = [pair[index], pair[1 - index] as MemorySocket]
      other.on('data', note('data')).on('end', note('end')).on('close', note('close'))
      await until(() => other.isPaused() === false && other.readableFlowing === true)
      return { one, other }
    }
    const all = async (...expected: string[]) => {
      await until(() => heard.length >= expected.length)
      t.strictSame(heard.splice(0), expected)
    }

    const { one, other } = await meet()
    call('write', () => one.write('a', note('written')))
    await all('data', 'written')
    call('end', () => one.end())
    other.end()
    await all('end', 'close')

    const second = await meet()
    call('destroy', () => second.one.destroy())
    second.other.end()
    await all('end', 'close')

    const third = await meet()
    third.other.removeAllListeners('data').removeAllListeners('end').removeAllListeners('close').pause()
    third.one.write('x'.repeat(third.other.readableHighWaterMark), note('written'))
    await until(() => third.other.readableLength > 0)
    t.strictSame(heard, [])
    call('destroy', () => third.other.destroy())
    await all('written')
    third.one.destroy()
  }
})

t.test("a client's end runs in its own AsyncLocalStorage, a server's end in none", async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: Record<string, unknown> = {}
  const server = createServer((request, response) => {
    seen.request = storage.getStore()
    request.resume().on('end', () => {
      seen.body = storage.getStore()
      response.end('hello')
    })
  })
  server.on('connection', () => {
    seen.connection = storage.getStore()
  })
  const agent = new MemoryAgent(server)
  const asked = storage.run('the client', () => {
    const request = get('http://memory', { agent })
    request.on('socket', (socket) => {
      socket.on('data', () => {
        seen.client = storage.getStore()
      })
    })
    return once(request, 'response')
  })
  const [response] = await asked
  await read(response)
  t.strictSame(seen, { connection: undefined, request: undefined, body: undefined, client: 'the client' })
  await agent.ended()
})
