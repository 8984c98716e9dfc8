import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { contain } from '../../shared/maybe-async.js'
import type { NodeLink } from './node-link.js'

/*
 * Requests to all other nodes. A node that does not answer in time is left out, and named in the log: it never fails the request.
 */

export interface NodeRequests {
  /** Sends something that is not answered. */
  tell(kind: string, data: unknown): void
  /**
   * Asks all other nodes. Never rejects.
   *
   * @param timeoutMs - how long a node may take
   * @param receive - called with each answer at once; returns true if no other is needed
   */
  ask(kind: string, data: unknown, timeoutMs: number, receive: (answer: unknown) => boolean): Promise<void>
  /** Calls `answer` for each request of a kind. What it throws or rejects is logged, and the node that asks waits in vain. */
  answer(kind: string, answer: (data: unknown) => unknown): void
}

interface OpenRequest {
  receive(from: string, answer: unknown): void
}

const REQUEST = 'request'
const ANSWER = 'answer'

/** @param report - called with what answering throws or rejects */
export function createNodeRequests(
  link: NodeLink,
  log: FastifyBaseLogger,
  report: (error: unknown) => void,
): NodeRequests {
  const open = new Map<string, OpenRequest>()
  const answers = new Map<string, (data: unknown) => unknown>()

  link.on(REQUEST, (from, request) => {
    const [id, kind, data] = request as [string | null, string, unknown]
    const reply = async () => {
      const answer = await answers.get(kind)?.(data)
      if (id !== null) link.send(ANSWER, [id, answer ?? null], from)
    }
    contain(reply, report)
  })

  link.on(ANSWER, (from, answer) => {
    const [id, data] = answer as [string, unknown]
    open.get(id)?.receive(from, data)
  })

  return {
    tell(kind, data) {
      link.send(REQUEST, [null, kind, data])
    },

    async ask(kind, data, timeoutMs, receive) {
      const { count, names } = await link.others()
      if (count <= 0) return
      const id = randomUUID()
      const answered = new Set<string>()
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          const silent = names.filter((name) => !answered.has(name))
          log.warn({ asked: count, answered: answered.size, silent }, 'not all nodes have answered: they are left out')
          resolve()
        }, timeoutMs)
        open.set(id, {
          receive(from, answer) {
            if (answered.has(from)) return
            answered.add(from)
            if (!receive(answer) && answered.size < count) return
            clearTimeout(timer)
            resolve()
          },
        })
        link.send(REQUEST, [id, kind, data])
      })
      open.delete(id)
    },

    answer(kind, answer) {
      answers.set(kind, answer)
    },
  }
}
