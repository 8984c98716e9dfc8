import type { IncomingMessage } from 'node:http'
import timers from 'node:timers'
import t from 'tap'
import { WebSocketServer as StockServer } from 'ws'
import { findFastProblem, testFastPath } from '../../../../plugin/wire/fast/self-test.js'
import type { RawConnection } from '../../../../plugin/wire/websocket/raw-connection.js'
import type { WebSocket } from '../../../../plugin/wire/websocket/websocket.js'
import { WebSocketServer } from '../../../../plugin/wire/websocket/websocket-server.js'
import { until } from '../../harness.js'

type Upgrade = [IncomingMessage, RawConnection, Buffer, (webSocket: WebSocket, request: IncomingMessage) => void]

/** Our server, but each write of a connection passes through `change`. */
function changing(change: (bytes: string) => string) {
  return class Changing extends WebSocketServer {
    override handleUpgrade(...[request, connection, head, done]: Upgrade): void {
      const { write } = connection
      connection.write = (chunk: string | Buffer, ...rest: never[]) =>
        Reflect.apply(write, connection, [change(chunk.toString('latin1')), 'latin1', rest.at(-1)])
      super.handleUpgrade(request, connection, head, done)
    }
  }
}

t.test('the installed socket.io and engine.io pass, and are tested once a process', async (t) => {
  t.equal(await testFastPath(WebSocketServer), undefined)
  t.equal(await testFastPath(changing((bytes) => bytes)), undefined, 'a server that changes nothing passes')
  const found = findFastProblem()
  t.equal(findFastProblem(), found)
  t.equal(await found, undefined)
})

t.test('a wsEngine with another WebSocket does not take the fast path', async (t) => {
  t.equal(await testFastPath(StockServer), 'an event does not take the fast path')
})

const WRONG: Record<string, readonly [from: string, to: string]> = {
  handshake: ['0{"sid"', '1{"sid"'],
  join: ['40{"sid"', '44{"sid"'],
  'two events in two chunks': ['437["', '438["'],
  broadcast: ['42["test"', '42["tset"'],
  ping: ['\x81\x012', '\x82\x012'],
}

for (const [step, [from, to]] of Object.entries(WRONG)) {
  t.test(`a server that writes a wrong byte is found at the step ${step}, with the bytes`, async (t) => {
    const found = await testFastPath(changing((bytes) => bytes.replace(from, to)))
    // A ping may come before its step.
    if (step !== 'ping') t.match(found, new RegExp(`^${step}: "`))
    t.ok(found?.includes(JSON.stringify(to).slice(1, -1)))
  })
}

t.test('where tests have replaced the timers, the ping is left out: a server starts', async (t) => {
  const { setTimeout } = timers
  timers.setTimeout = (() => ({ refresh() {}, unref() {} })) as never
  t.teardown(() => {
    timers.setTimeout = setTimeout
  })
  t.equal(await testFastPath(WebSocketServer), undefined)
})

t.test('a server that never answers is found after a time limit', async (t) => {
  class Silent extends WebSocketServer {
    override handleUpgrade(): void {}
  }
  t.equal(await testFastPath(Silent, 1), 'handshake: no answer')
})

t.test('a server that throws is found, with its error', async (t) => {
  class Throwing extends WebSocketServer {
    override handleUpgrade(): void {
      throw new Error('a fault')
    }
  }
  t.equal(await testFastPath(Throwing), 'handshake: a fault')
})

t.test('nothing of a test is left: no timer and no connection', async (t) => {
  const before = process.getActiveResourcesInfo().length
  t.equal(await testFastPath(WebSocketServer), undefined)
  await until(() => process.getActiveResourcesInfo().length === before)
})
