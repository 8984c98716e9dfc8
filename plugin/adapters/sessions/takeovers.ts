import type { ClusterNode } from '../cluster-node.js'

/*
 * A node that has claimed a session asks the node of its socket to end that socket's connection, and gets the latest state.
 */

/** A session's text; false if it can't be recovered, undefined if it is not there. */
type HandedOver = string | false | undefined

/** Asks a node for a session. Resolves with undefined also if the node does not answer. */
export type AskNode = (node: string, pid: string, owner: string) => Promise<HandedOver>

const ASK = 'takeover'
const ANSWER = 'taken over'
// A node that does not answer is stopped or gone: it hears of the takeover when it goes on.
const ANSWER_MS = 1_000

/** @param handOver - called for what another node asks for */
export function createTakeovers(
  { messages, requestTimeoutMs }: Pick<ClusterNode, 'messages' | 'requestTimeoutMs'>,
  handOver: (pid: string, owner: string) => HandedOver,
): AskNode {
  const waiting = new Map<number, { readonly node: string; readonly end: (answer: HandedOver) => void }>()
  let last = 0

  messages.on(ASK, (from, data) => {
    const [number, pid, owner] = Array.isArray(data) ? data : []
    if (typeof pid !== 'string' || typeof owner !== 'string') throw new TypeError('It is not a takeover')
    messages.send(from, ANSWER, [number, handOver(pid, owner) ?? null])
  })
  messages.on(ANSWER, (from, data) => {
    const [number, answer] = Array.isArray(data) ? data : []
    const asked = waiting.get(number)
    if (asked?.node === from) asked.end(typeof answer === 'string' || answer === false ? answer : undefined)
  })
  messages.onLost((node) => {
    for (const asked of waiting.values()) if (asked.node === node) asked.end(undefined)
  })

  return (node, pid, owner) =>
    new Promise((resolve) => {
      const number = ++last
      const timer = setTimeout(() => end(undefined), Math.min(ANSWER_MS, requestTimeoutMs))
      function end(answer: HandedOver): void {
        clearTimeout(timer)
        waiting.delete(number)
        resolve(answer)
      }
      waiting.set(number, { node, end })
      messages.send(node, ASK, [number, pid, owner])
    })
}
