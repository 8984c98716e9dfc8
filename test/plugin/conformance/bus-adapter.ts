import { EventEmitter } from 'node:events'
import type { Namespace } from 'socket.io'
import { ClusterAdapter, type ClusterMessage, type ClusterResponse, type ServerId } from 'socket.io-adapter'

/*
 * An adapter on Socket.IO's own base for them, for the nodes of one process: the smallest that an application could bring.
 */

type Said = ClusterMessage & { readonly to?: ServerId }

/** Creates the adapters of all nodes that share a bus. */
export function createBus(): (namespace: Namespace) => ClusterAdapter {
  const bus = new EventEmitter().setMaxListeners(0)
  class BusAdapter extends ClusterAdapter {
    readonly #hear = (said: Said) => {
      const message = structuredClone(said)
      if (said.to === undefined) this.onMessage(message)
      else if (said.to === this.uid) this.onResponse(message as unknown as ClusterResponse)
    }

    // That of the base is protected.
    constructor(namespace: Namespace) {
      super(namespace)
    }

    override init(): void {
      bus.on(this.nsp.name, this.#hear)
    }

    override close(): void {
      bus.off(this.nsp.name, this.#hear)
    }

    override serverCount(): Promise<number> {
      return Promise.resolve(bus.listenerCount(this.nsp.name))
    }

    protected override async doPublish(message: ClusterMessage): Promise<string> {
      bus.emit(this.nsp.name, message)
      return ''
    }

    protected override async doPublishResponse(to: ServerId, response: ClusterResponse): Promise<void> {
      bus.emit(this.nsp.name, { ...response, to })
    }
  }
  // Socket.IO calls it with `new`, which an arrow function refuses.
  return function createBusAdapter(namespace) {
    return new BusAdapter(namespace)
  }
}
