import { createRequire } from 'node:module'
import { Server } from 'socket.io'
import * as importedAdapter from 'socket.io-adapter'
import * as importedParser from 'socket.io-parser'

/*
 * socket.io's own copies of socket.io-parser and socket.io-adapter. An import of ours has other files: node takes their debug
 * builds for `import`, and a package manager may install a second version.
 */

/**
 * Loads a package as socket.io does, or returns the imported one: in a bundle, whose socket.io is not that of node_modules, and
 * where socket.io's copy is too old.
 *
 * @param isRecent - whether socket.io's copy has what the plugin relies on; every copy has, by default
 * @param base - the module from which socket.io is resolved
 */
export function loadAsSocketIo<Package>(
  name: string,
  imported: Package,
  isRecent: (candidate: Package) => boolean = () => true,
  base = import.meta.url,
): Package {
  try {
    const require = createRequire(base)
    if (require('socket.io').Server !== Server) return imported
    const own: Package = createRequire(require.resolve('socket.io'))(name)
    return isRecent(own) ? own : imported
  } catch {
    return imported
  }
}

/** Whether a decoder refuses a packet that announces millions of attachments, as of 4.2.7. socket.io itself asks for 4.2.4. */
export function limitsAttachments({ Decoder }: Pick<typeof importedParser, 'Decoder'>): boolean {
  try {
    new Decoder().add('45100000-["x",{"_placeholder":true,"num":0}]')
    return false
  } catch {
    return true
  }
}

/** The class of socket.io's in-memory adapter. */
export const { Adapter } = loadAsSocketIo('socket.io-adapter', importedAdapter)

/** The default value of Socket.IO's `parser` option, and the numbers of the kinds of packets. */
export const { Decoder, Encoder, PacketType } = loadAsSocketIo('socket.io-parser', importedParser, limitsAttachments)
