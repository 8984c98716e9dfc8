import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { type Client, findUntested, hasSeams, isEngine, readVersions } from '../../plugin/seam.js'
import { stage } from './lane-harness.js'

t.test('what is installed was tested', async (t) => {
  const versions = readVersions()
  t.match(versions, { 'socket.io': /^4\.8\./, 'engine.io': /^6\.6\./, ws: /^8\./ })
  t.equal(findUntested(versions), undefined)
})

t.test('a version that was not tested is named, and so is one that is not known', async (t) => {
  const versions = { 'socket.io': '4.8.1', 'engine.io': '6.6.4', ws: '8.21.0' }
  t.equal(findUntested(versions), undefined)
  t.equal(findUntested({ ...versions, 'socket.io': '4.9.0' }), 'socket.io 4.9.0')
  t.equal(findUntested({ ...versions, 'engine.io': '16.6.0' }), 'engine.io 16.6.0')
  t.equal(findUntested({ ...versions, ws: '9.0.0' }), 'ws 9.0.0')
  t.equal(findUntested({ ...versions, ws: undefined }), 'ws of an unknown version')
})

t.test('each package is looked for where the one before is installed', async (t) => {
  const folder = t.testdir()
  const install = async (path: string, name: string, version: string) => {
    const place = join(folder, path)
    await mkdir(join(place, 'build'), { recursive: true })
    await writeFile(join(place, 'package.json'), JSON.stringify({ name, version, main: 'build/index.js' }))
    // As packages of two module systems have.
    await writeFile(join(place, 'build', 'package.json'), '{ "type": "commonjs" }')
    await writeFile(join(place, 'build', 'index.js'), '')
  }
  const module = pathToFileURL(join(folder, 'app.js')).href
  await install('node_modules/socket.io', 'socket.io', '4.8.3')
  await install('node_modules/engine.io', 'engine.io', '5.0.0')
  await install('node_modules/socket.io/node_modules/engine.io', 'engine.io', '6.6.9')
  await install('node_modules/ws', 'another', '8.0.0')
  t.strictSame(readVersions(module), { 'socket.io': '4.8.3', 'engine.io': '6.6.9', ws: undefined })
  t.strictSame(readVersions(pathToFileURL(join('/', 'nowhere', 'app.js')).href), {
    'socket.io': undefined,
    'engine.io': undefined,
    ws: undefined,
  })
})

t.test('a client of which anything is missing has not the seams', async (t) => {
  const { socket } = await stage(t, {}, { fast: false })
  const client = socket.client as unknown as Client
  t.ok(hasSeams(client))
  /** The same, but for what is at that path. */
  const without = (target: object, [name = '', ...path]: string[]): object => {
    const inner = Reflect.get(target, name) as object
    const value = path.length > 0 ? without(inner, path) : undefined
    return new Proxy(target, { get: (own, key) => (key === name ? value : Reflect.get(own, key)) })
  }
  const paths = [
    'nsps',
    'decoder',
    'decoder.isWaiting',
    'conn.writeBuffer',
    'conn.cleanupFn',
    'conn.hasRefreshedPingTimeout',
    'conn._readyState',
    'conn.pingTimeoutTimer',
    'conn.write',
    'conn.emit',
    'conn.server',
    'conn.transport.name',
    'conn.transport.writable',
    'conn.transport.onData',
    'conn.transport.onError',
    'conn.transport.socket._extensions',
    'conn.transport.socket._readyState',
    'conn.transport.socket._socket',
    'conn.transport.socket._socket.writable',
    'conn.transport.socket._socket.write',
    'conn.transport.socket._socket._write',
    'conn.transport.socket._sender',
    'conn.transport.socket._sender._state',
    'conn.transport.socket._sender.sendFrame',
    'conn.transport.socket._receiver',
    'conn.transport.socket._receiver._state',
    'conn.transport.socket._receiver._bufferedBytes',
    'conn.transport.socket._receiver._fragmented',
    'conn.transport.socket._receiver._maxPayload',
    'conn.transport.socket._receiver._loop',
    'conn.transport.socket._receiver.writableLength',
    'conn.transport.socket._receiver.write',
    'conn.transport.socket._receiver.writableEnded',
    'conn.transport.socket._receiver.end',
  ]
  for (const path of paths) t.notOk(hasSeams(without(client, path.split('.')) as Client), path)
})

t.test('an engine of which anything is missing is not known', async (t) => {
  const { app } = await stage(t, {}, { fast: false })
  const { engine } = app.io
  t.ok(isEngine(engine))
  for (const name of ['middlewares', 'ws', 'prepare', 'verify', 'handleUpgrade', 'onWebSocket']) {
    t.notOk(
      isEngine(new Proxy(engine, { get: (own, key) => (key === name ? undefined : Reflect.get(own, key)) })),
      name,
    )
  }
})
