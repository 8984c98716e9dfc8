import type { Namespace } from 'socket.io'
import { ClusterAdapter, type ClusterMessage, type ClusterResponse } from 'socket.io-adapter'

/** The nodes of a cluster in one process: what one publishes, the others receive, as over a network. */
export function createCluster() {
  const members = new Set<NodeAdapter>()

  class NodeAdapter extends ClusterAdapter {
    // its parent's is not public
    constructor(namespace: Namespace) {
      super(namespace)
    }

    override init(): void {
      members.add(this)
    }

    override close(): void {
      members.delete(this)
    }

    override async serverCount(): Promise<number> {
      return this.#others().length + 1
    }

    async doPublish(message: ClusterMessage): Promise<string> {
      const sent = JSON.stringify(message)
      for (const other of this.#others()) other.onMessage(JSON.parse(sent))
      return ''
    }

    async doPublishResponse(_uid: string, response: ClusterResponse): Promise<void> {
      const sent = JSON.stringify(response)
      for (const other of this.#others()) other.onResponse(JSON.parse(sent))
    }

    #others(): NodeAdapter[] {
      return [...members].filter((other) => other !== this && other.nsp.name === this.nsp.name)
    }
  }

  return NodeAdapter as never
}
