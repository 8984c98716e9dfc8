import type { RetainedChange } from '../broker.js'
import { RetainedBatch } from '../retained/retained-batch.js'
import { type LogItem, readItem } from './log-item.js'

/*
 * The body of a log's entry: lines of text. The first is the epoch in which it was appended, the second names the addresses, so
 * that a node skips what it does not want; each of the others is one item.
 */

/** Items of one node, from one tick or more, that become one entry. */
export class LogBatch {
  readonly #addresses = new Map<string, number>()
  readonly #kept = new Set<number>()
  readonly #lines: string[] = []
  #retained: RetainedBatch | undefined
  #linesLength = 0

  /**
   * Adds an item.
   *
   * @param isKept - whether sockets that have missed it receive it later
   * @param retained - what it changes of the values that are retained
   * @returns the characters that it takes
   */
  add(address: string, fields: readonly unknown[], isKept: boolean, retained: readonly RetainedChange[] = []): number {
    const { length } = this
    const known = this.#addresses.get(address)
    const index = known ?? this.#addresses.size
    if (known === undefined) this.#addresses.set(address, index)
    if (isKept) this.#kept.add(index)
    const line = JSON.stringify([index, ...fields])
    this.#lines.push(line)
    this.#linesLength += line.length
    for (const change of retained) {
      this.#retained ??= new RetainedBatch()
      this.#retained.add(change)
    }
    return this.length - length
  }

  /** Characters, without the head. */
  get length(): number {
    return this.#linesLength + this.retainedLength
  }

  /** Characters of the changes. */
  get retainedLength(): number {
    return this.#retained?.length ?? 0
  }

  /** What all items change; undefined for nothing. */
  get retained(): readonly RetainedChange[] | undefined {
    return this.#retained?.toChanges()
  }

  /** The body without the epoch. */
  toText(): string {
    return [JSON.stringify([[...this.#addresses.keys()], [...this.#kept]]), ...this.#lines].join('\n')
  }
}

/** Adds the epoch to the text of a batch, and what else is given of its head. */
export function writeBody(
  epoch: string,
  text: string,
  { again, since }: Partial<Pick<BodyHead, 'again' | 'since'>> = {},
): string {
  if (since !== undefined) return `${epoch} ${again ?? ''} ${since}\n${text}`
  return again === undefined ? `${epoch}\n${text}` : `${epoch} ${again}\n${text}`
}

// Each costs as much as a hundred items.
const MOST_DROPPED = 100

/** The head of a body. */
export interface BodyHead {
  readonly epoch: string
  /** Given for an entry that was appended again after a loss: the offset that it had before, or '-' if that is not known. */
  readonly again: string | undefined
  /**
   * Given for an entry that was appended again because nobody knew whether the broker has it: the offset of the last entry of its node
   * before it, or of the start of the log. A first copy of it is behind that.
   */
  readonly since: string | undefined
  readonly addresses: readonly string[]
  /** Those of the addresses with emits that are kept for those who miss them. */
  readonly kept: readonly string[]
  /** Where the items begin. */
  readonly start: number
}

/** Reads the first two lines of a body; undefined if they are not those of a body. */
export function readHead(body: string): BodyHead | undefined {
  const first = body.indexOf('\n')
  const second = body.indexOf('\n', first + 1)
  if (first < 0 || second < 0) return undefined
  const head = parseLine(body.slice(first + 1, second))
  if (!Array.isArray(head)) return undefined
  const [addresses, kept] = head as unknown[]
  if (!Array.isArray(addresses) || !addresses.every((each) => typeof each === 'string')) return undefined
  if (!Array.isArray(kept) || !kept.every((each) => typeof addresses[each] === 'string')) return undefined
  const [epoch = '', again, since] = body.slice(0, first).split(' ')
  return {
    epoch,
    again: again || undefined,
    since,
    addresses,
    kept: kept.map((each) => String(addresses[each])),
    start: second + 1,
  }
}

/**
 * Calls `visit` with each item of wanted addresses, in order.
 *
 * @param wanted - by the index of the address
 * @param visit - the position of the item among all items of the body comes last
 * @param drop - called for each line that is not an item; the rest of a body with a hundred of them is not read
 */
export function visitItems(
  body: string,
  { start }: BodyHead,
  wanted: readonly unknown[],
  visit: (item: LogItem, address: number, index: number) => void,
  drop: () => void,
): void {
  let dropped = 0
  visitLines(body, start, (address, index, at, end) => {
    if (!wanted[address] || dropped === MOST_DROPPED) return
    const line = parseLine(body.slice(at, end))
    const item = Array.isArray(line) ? readItem(line.slice(1)) : undefined
    if (item) return visit(item, address, index)
    dropped++
    drop()
  })
}

/** The index of the last item of each address with emits that are kept. */
export function lastItems(body: string, { start, addresses, kept }: BodyHead): ReadonlyMap<string, number> {
  const last = new Map(kept.map((address) => [address, 0]))
  visitLines(body, start, (address, index) => {
    const name = String(addresses[address])
    if (last.has(name)) last.set(name, index)
  })
  return last
}

/** Up to a line that no node writes, calls `visit` with the index of the address, the index of the item, and where its line is. */
function visitLines(
  body: string,
  start: number,
  visit: (address: number, index: number, at: number, end: number) => void,
): void {
  let index = 0
  for (let at = start, end = at; body[at] === '['; at = end + 1, index++) {
    end = body.indexOf('\n', at)
    if (end < 0) end = body.length
    // `[12,…`: the index of the address.
    visit(Number.parseInt(body.slice(at + 1, at + 9), 10), index, at, end)
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
