import { createClient } from 'fastify-namespaces/client'

/*
 * The page of typed-client-network.test.ts: what the test asks for, it does with a client, and counts.
 */

declare const location: { readonly origin: string }

const client = createClient(location.origin, {
  timeoutMs: 60_000,
  io: { reconnectionDelay: 20, reconnectionDelayMax: 100 },
})

type Joined = ReturnType<typeof client.join>

let joins: Joined[] = []
const heard = new Map<string, number>()
const gaps: string[] = []

const page = {
  /** Joins rooms, with two listeners each. Resolves when all are joined. */
  async join(count: number) {
    joins = Array.from({ length: count }, (_, number) => client.join('/rooms/:room', { room: number }))
    for (const joined of joins) {
      for (const listener of ['a', 'b'])
        joined.on('tick', (text: string) => {
          const key = `${joined.address} ${listener} ${text}`
          heard.set(key, (heard.get(key) ?? 0) + 1)
        })
      joined.onGap((reason) => gaps.push(reason))
    }
    await Promise.all(joins.map(({ ready }) => ready))
  },

  leave() {
    for (const joined of joins) joined.leave()
  },

  /** Calls the first room with each number, so many at a time. Resolves with what became of each. */
  async callAll(first: number, last: number, atOnce: number, retry: boolean) {
    const outcomes: Record<number, unknown> = {}
    let next = first
    async function work() {
      for (let number = next++; number <= last; number = next++) {
        const answer = await joins[0]?.call('number:add', number, { retry }).catch((error) => error.code)
        outcomes[number] = number in outcomes ? 'answered twice' : answer
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    return outcomes
  },

  /** Reads the numbers up to `last` from a stream. */
  async count(last: number) {
    const items: unknown[] = []
    const stream = joins[0]?.stream('number:count', last)
    for await (const item of stream ?? []) items.push(item)
    return { items, result: await stream?.result }
  },

  states: () => joins.map(({ state }) => state.getSnapshot().status),
  heard: () => Object.fromEntries(heard),
  gaps: () => gaps,
  pending: () => client.pending.getSnapshot(),
}

export type NetworkPage = typeof page

Object.assign(globalThis, { page })
