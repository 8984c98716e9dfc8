import { Manager } from '/socket.io/socket.io.esm.min.js'

/*
 * One connection, and the namespaces that share it.
 *
 * The short form is io('/my-namespace'). But io() opens a second connection for a namespace that was joined before.
 * One Manager with manager.socket('/my-namespace') keeps its one connection.
 */

const manager = new Manager({ autoConnect: false, reconnectionDelay: 500, reconnectionDelayMax: 3000 })

// Socket.IO closes a connection when the last namespace is left, and the next join opens another.
// This socket waits for credentials that never come: it sends nothing to the server, and the connection stays open.
manager.socket('/keeper', { auth: () => {} }).connect()

/** The state of the connection. `state`: idle, connecting, open or lost. Its `change` event reports every change in this file. */
export const connection = Object.assign(new EventTarget(), {
  state: 'idle',
  /** The transports since the connection was opened, the current one last. */
  transports: [],
  /** Number of reconnection attempts since the connection was lost. */
  attempt: 0,
  /** The last measured round trip: { ms, what }. */
  roundTrip: undefined,
})

/**
 * The namespaces of this page, by name: { name, socket, state, problem }.
 * `state`: left, joining, joined, lost (it joins again after the reconnect) or refused.
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

/** Socket.IO sends a leave only after the server has answered the join. Before that, a namespace can't be left. */
export function isLeavable(name) {
  return memberships.get(name).state !== 'joining' || connection.state !== 'open'
}

export function leave(name) {
  const membership = memberships.get(name)
  membership.socket.disconnect()
  // A socket that waits for the connection emits no disconnect event.
  membership.state = 'left'
  changed()
}

/** Adds a namespace without joining it. Returns its socket, which is used for every join. */
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
    if (socket.active) return // the connection failed, not the namespace
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
  // The sockets send their joins next, on the connection that has just opened.
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
  // If no socket is active, the connection stays closed until the next join.
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
    // The connection was lost: its `close` event reports that.
  }
}

function changed() {
  connection.dispatchEvent(new Event('change'))
}
