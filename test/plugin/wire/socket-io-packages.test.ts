import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { Adapter, Decoder, Encoder, loadAsSocketIo, PacketType } from '../../../plugin/wire/socket-io-packages.js'

const requireAsSocketIo = createRequire(createRequire(import.meta.url).resolve('socket.io'))

t.test('parser and adapter are those that socket.io has loaded, and no debug builds', async (t) => {
  const parser = requireAsSocketIo('socket.io-parser')
  t.equal(Decoder, parser.Decoder)
  t.equal(Encoder, parser.Encoder)
  t.equal(PacketType, parser.PacketType)
  t.equal(Adapter, requireAsSocketIo('socket.io-adapter').Adapter)
})

t.test('where socket.io can not be resolved, as in a bundle, the imported package is used', async (t) => {
  const imported = {}
  t.equal(loadAsSocketIo('socket.io-parser', imported, pathToFileURL('/nowhere/bundle.js').href), imported)
})
