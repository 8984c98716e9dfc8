import type { ChannelItem } from './worker-channel.js'

/*
 * Calls that wait for the answer of the primary.
 */

interface PendingCall {
  resolve(result: unknown): void
  reject(error: Error): void
}

export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>()
  #last = 0

  /** `write` is given the id of the call. Resolves, or rejects, by its answer. */
  begin(write: (id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last
      this.#calls.set(id, { resolve, reject })
      write(id)
    })
  }

  answer({ id, result, error }: ChannelItem): void {
    const pending = this.#calls.get(Number(id))
    this.#calls.delete(Number(id))
    if (error === undefined) pending?.resolve(result)
    else pending?.reject(new Error(String(error)))
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#calls.values()) reject(error)
    this.#calls.clear()
  }
}
