import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import {
  Adapter,
  Decoder,
  Encoder,
  limitsAttachments,
  loadAsSocketIo,
  PacketType,
} from '../../../plugin/wire/socket-io-packages.js'

const requireAsSocketIo = createRequire(createRequire(import.meta.url).resolve('socket.io'))
const imported = {}

t.test('parser and adapter are those that socket.io has loaded, and no debug builds', async (t) => {
  const parser = requireAsSocketIo('socket.io-parser')
  t.equal(Decoder, parser.Decoder)
  t.equal(Encoder, parser.Encoder)
  t.equal(PacketType, parser.PacketType)
  t.equal(Adapter, requireAsSocketIo('socket.io-adapter').Adapter)
})

t.test('where socket.io can not be resolved, the imported package is used', async (t) => {
  const base = pathToFileURL('/nowhere/bundle.js').href
  t.equal(loadAsSocketIo('socket.io-parser', imported, undefined, base), imported)
})

t.test('beside another socket.io than the one in a bundle, the imported package is used', async (t) => {
  const folder = t.testdir({ node_modules: { 'socket.io': { 'index.js': 'exports.Server = class {}' } } })
  const base = pathToFileURL(join(folder, 'bundle.js')).href
  t.equal(loadAsSocketIo('socket.io-parser', imported, undefined, base), imported)
})

t.test("where socket.io's own copy is too old, the imported package is used", async (t) => {
  t.equal(
    loadAsSocketIo('socket.io-parser', imported, () => false),
    imported,
  )
  class Unlimited extends Decoder {
    override add(): void {}
  }
  t.equal(limitsAttachments({ Decoder: Unlimited }), false)
  t.equal(limitsAttachments({ Decoder }), true)
})
