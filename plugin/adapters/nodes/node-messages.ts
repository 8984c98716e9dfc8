/*
 * Messages between nodes, by the broker: to one node or to all. Each has a kind. One that can't be read is reported and dropped.
 */

export interface NodeMessagesOptions {
  readonly node: string
  readonly send: (to: string | undefined, body: string) => void
  readonly report: (error: unknown, what: string) => void
}

type MessageHandler = (from: string, ...data: unknown[]) => void

const LONGEST_NAME = 100

export class NodeMessages {
  readonly #options: NodeMessagesOptions
  readonly #handlers = new Map<string, MessageHandler>()
  readonly #onLost = new Set<(node: string) => void>()

  constructor(options: NodeMessagesOptions) {
    this.#options = options
  }

  /** Calls `handle` for each message of a kind from another node. */
  on(kind: string, handle: MessageHandler): void {
    this.#handlers.set(kind, handle)
  }

  /** Calls `handle` with each node that has left or has died. */
  onLost(handle: (node: string) => void): void {
    this.#onLost.add(handle)
  }

  /** Sends values of JSON to a node; to all others if `to` is undefined. They may be lost with the connection. */
  send(to: string | undefined, kind: string, ...data: unknown[]): void {
    this.#options.send(to, JSON.stringify([this.#options.node, kind, ...data]))
  }

  receive(body: string): void {
    try {
      const [from, kind, ...data] = JSON.parse(body)
      if (from === this.#options.node) return
      if (typeof from !== 'string' || from.length > LONGEST_NAME) throw new TypeError('It has no sender')
      this.#handlers.get(kind)?.(from, ...data)
    } catch (error) {
      this.#options.report(error, 'a message of another node was dropped')
    }
  }

  /** Called when a node has left or has died. */
  lose(node: string): void {
    for (const handle of this.#onLost) handle(node)
  }

  close(): void {
    this.#handlers.clear()
    this.#onLost.clear()
  }
}
