import type { NodeMessages } from './node-messages.js'
import type { NodeReport } from './node-report.js'

/*
 * Questions to all other nodes. A node that dies, or does not answer in time, is left out, and named in the log.
 */

export interface RequestOutcome {
  /** By node. */
  readonly answers: ReadonlyMap<string, unknown>
  /** The nodes that have not answered. */
  readonly missing: readonly string[]
}

export interface ClusterRequestsOptions {
  readonly messages: NodeMessages
  readonly isConnected: () => boolean
  /** The other nodes that are alive. */
  readonly alive: () => readonly string[]
  readonly timeoutMs: number
  /** Answers a question of another node about an address. */
  readonly answer: (address: string, kind: string, data: unknown, from: string) => unknown
  readonly report: NodeReport
}

interface WaitingRequest {
  readonly waiting: Set<string>
  readonly missing: string[]
  readonly answers: Map<string, unknown>
  /** Called for each node, with its answer or with undefined. */
  readonly settle: (node: string) => void
  /** Leaves out the nodes that have not answered. */
  readonly missAll: () => void
}

export class ClusterRequests {
  readonly #options: ClusterRequestsOptions
  readonly #open = new Map<number, WaitingRequest>()
  #count = 0

  constructor(options: ClusterRequestsOptions) {
    this.#options = options
    const { messages, report } = options
    messages.on('request', (from, data) => {
      this.#answer(from, data as unknown[]).catch((error) =>
        report(error, 'a question of another node was not answered'),
      )
    })
    messages.on('answer', (from, data) => {
      const [id, answer] = data as [number, unknown]
      this.#settle(id, from, answer)
    })
    messages.onLost((node) => {
      for (const id of [...this.#open.keys()]) this.#miss(id, node)
    })
  }

  /**
   * Asks all other nodes about the sockets of an address.
   *
   * @param timeoutMs - by default that of the node
   * @param settled - called for each node as soon as it has answered, or is left out
   */
  ask(
    address: string,
    kind: string,
    data: unknown,
    timeoutMs = this.#options.timeoutMs,
    settled: (answer: unknown, node: string) => void = () => {},
  ): Promise<RequestOutcome> {
    const { messages, alive, isConnected, report } = this.#options
    const id = ++this.#count
    const waiting = new Set(alive())
    return new Promise((resolve) => {
      const answers = new Map<string, unknown>()
      const missing: string[] = []
      const missAll = () => {
        for (const node of [...waiting]) this.#miss(id, node)
      }
      const timer = setTimeout(missAll, timeoutMs).unref()
      const end = () => {
        if (waiting.size > 0) return
        clearTimeout(timer)
        this.#open.delete(id)
        if (missing.length > 0)
          report(new Error(`Nodes ${missing.join(', ')}`), 'other nodes have not answered in time')
        resolve({ answers, missing })
      }
      const settle = (node: string) => {
        settled(answers.get(node), node)
        end()
      }
      this.#open.set(id, { waiting, missing, answers, settle, missAll })
      if (isConnected() && waiting.size > 0) messages.send(undefined, 'request', [id, address, kind, data])
      else missAll()
      end()
    })
  }

  close(): void {
    for (const { missAll } of [...this.#open.values()]) missAll()
  }

  #settle(id: number, node: string, answer: unknown): void {
    const request = this.#open.get(id)
    if (!request?.waiting.delete(node)) return
    request.answers.set(node, answer)
    request.settle(node)
  }

  #miss(id: number, node: string): void {
    const request = this.#open.get(id)
    if (!request?.waiting.delete(node)) return
    request.missing.push(node)
    request.settle(node)
  }

  async #answer(from: string, [id, address, kind, data]: readonly unknown[]): Promise<void> {
    const { messages, answer } = this.#options
    messages.send(from, 'answer', [id, await answer(String(address), String(kind), data, from)])
  }
}
