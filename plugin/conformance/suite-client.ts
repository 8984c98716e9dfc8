import type { Manager, Socket } from 'socket.io-client'
import type { ConformanceNode } from './conformance-node.js'

/*
 * A client of the conformance suite, over a WebSocket.
 */

export interface SuiteClientOptions {
  /** The user, as the `userIdOf` of the nodes finds it. */
  readonly user?: string
  /** The session of a former client, to be recovered. */
  readonly session?: ClientSession
}

/** What a client says about the session that it had. */
export interface ClientSession {
  readonly pid: string | undefined
  readonly offset: string | undefined
}

/** The part of a socket that the client sends when it connects again. Socket.IO has no public name for it. */
interface SocketSession {
  _pid?: string | undefined
  _lastOffset?: string | undefined
}

// What a busy machine takes for all that a check waits for. What never comes, comes no later either.
const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 5

/**
 * Resolves when a condition holds.
 *
 * @throws (rejects) an Error with `what`, after `patienceMs`
 */
export async function waitFor(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const until = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`Waited for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

export class SuiteClient {
  readonly socket: Socket
  /** The payloads of `news`, in the order of their arrival. */
  readonly news: unknown[] = []
  readonly #manager: Manager
  /** The payloads of `warm`. */
  readonly #warm: unknown[] = []

  constructor(manager: Manager, address: string, { pid, offset }: ClientSession) {
    this.#manager = manager
    this.socket = manager.socket(address)
    Object.assign(this.socket, { _pid: pid, _lastOffset: offset } satisfies SocketSession)
    this.socket.on('news', (payload) => this.news.push(payload))
    this.socket.on('warm', (payload) => this.#warm.push(payload))
  }

  get id(): string | undefined {
    return this.socket.id
  }

  get session(): ClientSession {
    const { _pid, _lastOffset } = this.socket as unknown as SocketSession
    return { pid: _pid, offset: _lastOffset }
  }

  /** Resolves when the client has joined. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('connect', resolve)
      this.socket.once('connect_error', reject)
    })
  }

  /** Joins another address over the same connection. The packet is sent at once. */
  beside(address: string): SuiteClient {
    return new SuiteClient(this.#manager, address, { pid: undefined, offset: undefined })
  }

  /** Sends an event; resolves to the data of its ack. */
  async ask(event: string, payload?: unknown): Promise<unknown> {
    const { data } = await this.socket.timeout(PATIENCE_MS).emitWithAck(event, payload)
    return data
  }

  isWarm(mark: string): boolean {
    return this.#warm.includes(mark)
  }

  /** Loses the connection: the client neither leaves nor comes back. */
  lose(): void {
    this.#manager.engine.close()
  }

  close(): void {
    this.socket.disconnect()
  }
}

/** Connects a client to a node, without waiting for it. */
export async function openClient(
  { url }: Pick<ConformanceNode, 'url'>,
  address: string,
  { user = '', session = { pid: undefined, offset: undefined } }: SuiteClientOptions = {},
): Promise<SuiteClient> {
  const { Manager: ClientManager } = await import('socket.io-client')
  const manager = new ClientManager(url, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    query: { user },
  })
  return new SuiteClient(manager, address, session)
}
