import type { ServerOptions } from 'socket.io'

/*
 * The names of Socket.IO's options, below `io` in the options of the plugin.
 */

/** Every option of Socket.IO's server, to refuse a misspelt one. tsc reports an option that is missing here. */
export const SERVER_OPTION_NAMES = Object.keys({
  adapter: true,
  addTrailingSlash: true,
  allowEIO3: true,
  allowRequest: true,
  allowUpgrades: true,
  cleanupEmptyChildNamespaces: true,
  connectTimeout: true,
  connectionStateRecovery: true,
  cookie: true,
  cors: true,
  destroyUpgrade: true,
  destroyUpgradeTimeout: true,
  httpCompression: true,
  httpRequestBodyTimeout: true,
  initialPacket: true,
  maxBufferedChunks: true,
  maxHttpBufferSize: true,
  parser: true,
  path: true,
  perMessageDeflate: true,
  pingInterval: true,
  pingTimeout: true,
  serveClient: true,
  transports: true,
  upgradeTimeout: true,
  wsEngine: true,
} satisfies Record<keyof ServerOptions, true>)
