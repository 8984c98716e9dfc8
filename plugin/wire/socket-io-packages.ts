import { createRequire } from 'node:module'
import * as importedAdapter from 'socket.io-adapter'
import * as importedParser from 'socket.io-parser'

/*
 * socket.io's own copies of socket.io-parser and socket.io-adapter. An import of ours would load other files: node has their debug
 * builds for `import`, and a package manager may install a second version.
 */

/** Loads a package as socket.io does; in a bundle, where socket.io can't be resolved, what the bundler has put in its place. */
export function loadAsSocketIo<Package>(name: string, imported: Package, base = import.meta.url): Package {
  try {
    return createRequire(createRequire(base).resolve('socket.io'))(name) as Package
  } catch {
    return imported
  }
}

/** The class of socket.io's in-memory adapter. */
export const { Adapter } = loadAsSocketIo('socket.io-adapter', importedAdapter)

/** The default value of Socket.IO's `parser` option, and the numbers of the kinds of packets. */
export const { Decoder, Encoder, PacketType } = loadAsSocketIo('socket.io-parser', importedParser)
