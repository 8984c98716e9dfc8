import { Manager } from '/socket.io/socket.io.esm.min.js'

/*
 * One connection, and the namespaces that share it.
 *
 * The short form is io('/my-namespace'). But io() for a namespace that was joined before opens a second connection;
 * one Manager with manager.socket('/my-namespace') stays with the one it has.
 */

const manager = new Manager({ autoConnect: false, reconnectionDelay: 500, reconnectionDelayMax: 3000 })

// Socket.IO closes a connection when its last namespace is left, and the next one to join would open another.
// This socket waits for credentials that never come: the server never hears of it, and the connection stays.
manager.socket('/keeper', { auth: () => {} }).connect()

/** The state of the connection. `state`: idle, connecting, open or lost. Has a `change` event, for all in this file. */
export const connection = Object.assign(new EventTarget(), {
  state: 'idle',
  /** The transports it has been on since it was opened, the present one last. */
  transports: [],
  /** How often it has been tried to open it again, since it was lost. */
  attempt: 0,
  /** The last measured round trip: { ms, what }. */
  roundTrip: undefined,
})

/**
 * The namespaces that this page knows, by name: { name, socket, state, problem }.
 * `state`: left, joining, joined, lost (it joins again with the connection) or refused.
 */
export const memberships = new Map()

export function join(name) {
  const membership = memberships.get(name)
  Object.assign(membership, { state: 'joining', problem: undefined, askedAt: performance.now() })
  manager.reconnection(true)
  if (connection.state === 'idle') connection.state = 'connecting'
  membership.socket.connect()
  changed()
}

/** Socket.IO tells the server of a leave only when it has answered the join: until then there is none. */
export function isLeavable(name) {
  return memberships.get(name).state !== 'joining' || connection.state !== 'open'
}

export function leave(name) {
  const membership = memberships.get(name)
  membership.socket.disconnect()
  // a socket that was waiting for the connection has no disconnect event
  membership.state = 'left'
  changed()
}

/** Makes a namespace known, not joined yet. Returns its socket, one for all times that it is joined. */
export function know(name) {
  const socket = manager.socket(name)
  const membership = { name, socket, state: 'left', problem: undefined, askedAt: 0 }
  memberships.set(name, membership)

  socket.on('connect', () => {
    membership.state = 'joined'
    connection.roundTrip = { ms: performance.now() - membership.askedAt, what: `joining ${name}` }
    changed()
  })
  socket.on('disconnect', (reason) => {
    membership.state = socket.active ? 'lost' : 'left'
    if (reason === 'io server disconnect') membership.problem = 'ended by the server'
    changed()
  })
  socket.on('connect_error', (error) => {
    if (socket.active) return // the connection's trouble, not the namespace's
    Object.assign(membership, { state: 'refused', problem: error.message })
    changed()
  })
  return socket
}

manager.on('open', () => {
  const { engine } = manager
  Object.assign(connection, { state: 'open', attempt: 0, transports: [engine.transport.name] })
  engine.on('upgrade', (transport) => {
    connection.transports = [...connection.transports, transport.name]
    changed()
  })
  // the sockets ask to join next, over the connection that has just opened
  for (const membership of memberships.values()) {
    membership.askedAt = performance.now()
    if (membership.state === 'lost') membership.state = 'joining'
  }
  changed()
})

manager.on('close', lost)
manager.on('error', lost)
manager.on('reconnect_attempt', (attempt) => {
  connection.attempt = attempt
  changed()
})

function lost() {
  // With nobody to come back for, it stays closed until the next join.
  const isWanted = [...memberships.values()].some(({ socket }) => socket.active)
  manager.reconnection(isWanted)
  Object.assign(connection, { state: isWanted ? 'lost' : 'idle', transports: [], roundTrip: undefined })
  changed()
}

/** Measures a round trip with an event that the server acks. */
export async function measureRoundTrip(socket, event) {
  const askedAt = performance.now()
  try {
    await socket.timeout(5000).emitWithAck(event)
    connection.roundTrip = { ms: performance.now() - askedAt, what: `an ack in ${socket.nsp}` }
    changed()
  } catch {
    // the connection was lost meanwhile: that is told elsewhere
  }
}

function changed() {
  connection.dispatchEvent(new Event('change'))
}
