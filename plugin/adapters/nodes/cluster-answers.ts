import type { NodeMessages } from './node-messages.js'

/*
 * Answers of clients on other nodes to a broadcast that asks for them. The node of a client sends the answers of one tick together.
 */

interface ExpectedAnswers {
  receive(from: string, answer: readonly string[]): void
  /** Called when a node has left or has died. */
  lose(node: string): void
}

export class ClusterAnswers {
  readonly #messages: NodeMessages
  readonly #expected = new Map<number, ExpectedAnswers>()
  readonly #outgoing = new Map<string, [broadcast: number, answers: (readonly string[])[]]>()
  #count = 0

  constructor(messages: NodeMessages) {
    this.#messages = messages
    messages.on('answers', (from, data) => {
      const [broadcast, answers] = data as [number, string[][]]
      const expected = this.#expected.get(broadcast)
      for (const answer of answers) expected?.receive(from, answer)
    })
    messages.onLost((node) => {
      for (const expected of this.#expected.values()) expected.lose(node)
    })
  }

  /** The number of broadcasts that wait for answers. */
  get size(): number {
    return this.#expected.size
  }

  /** Expects answers to a broadcast until `forget()`. Returns the number of the broadcast. */
  expect(answers: ExpectedAnswers): number {
    this.#expected.set(++this.#count, answers)
    return this.#count
  }

  forget(broadcast: number): void {
    this.#expected.delete(broadcast)
  }

  /** Sends an answer of a client of this node to the node that has asked. */
  send(to: string, broadcast: number, answer: readonly string[]): void {
    const key = `${broadcast} ${to}`
    const waiting = this.#outgoing.get(key)
    if (waiting) {
      waiting[1].push(answer)
      return
    }
    const message: [number, (readonly string[])[]] = [broadcast, [answer]]
    this.#outgoing.set(key, message)
    setImmediate(() => {
      this.#outgoing.delete(key)
      this.#messages.send(to, 'answers', message)
    })
  }
}
