/*
 * The names that no event and no emit of a definition may have.
 */

// Names that Socket.IO reserves on the server or the client; and those of the plugin: docs/wire.md.
export const RESERVED_EVENTS: readonly string[] = [
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
  'namespace:disconnect',
  'namespace:contract',
  'namespace:dropped',
  'namespace:item',
  'namespace:more',
  'namespace:cancel',
  'presence:state',
  'presence:change',
  'presence:follow',
]

export const RESERVED = 'is reserved by Socket.IO or by this plugin: use another name, e.g. "user:connect"'
