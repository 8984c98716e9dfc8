import type { ReactiveController, ReactiveControllerHost } from 'lit'
import type { Readable } from '../shared/writable.js'

/**
 * Watches values for an element, and renders it again when one of them changes. Call `of()` in `render()`.
 *
 * @example
 * readonly #watch = new Watch(this)
 * render() { return html`${this.#watch.of(this.workspace.selection).view}` }
 */
export class Watch implements ReactiveController {
  readonly #host: ReactiveControllerHost
  readonly #ends = new Map<Readable<unknown>, () => void>()

  constructor(host: ReactiveControllerHost) {
    this.#host = host
    host.addController(this)
  }

  of<Value>(readable: Readable<Value>): Value {
    if (!this.#ends.has(readable))
      this.#ends.set(
        readable,
        readable.subscribe(() => this.#host.requestUpdate()),
      )
    return readable.getSnapshot()
  }

  hostDisconnected(): void {
    for (const end of this.#ends.values()) end()
    this.#ends.clear()
  }
}
