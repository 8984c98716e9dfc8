import type { EncodedEmit, RetainedMark, RetainedRead } from '../../shared/retained-emits.js'
import { type PlaceValue, RetainedPlace } from './retained-place.js'

/*
 * A place that is live on this node: read once from what the nodes keep together, and then changed by what this node delivers.
 */

export interface SharedPlaceOptions {
  /** Reads what is kept. Rejects if the broker can't be reached. */
  readonly read: () => Promise<RetainedRead>
  readonly now: () => number
  /** Called if it could not be read. It is tried again. */
  readonly report: (error: unknown) => void
}

type WrittenEmit = readonly [mark: RetainedMark, encoded: EncodedEmit, offset: string]

const RETRY_MS = 1_000

export class SharedPlace {
  readonly #options: SharedPlaceOptions
  /** Resolves when the values are known. */
  readonly known: Promise<void>
  #resolve!: () => void
  /** Undefined until they are known. */
  #place: RetainedPlace | undefined
  /** What was delivered while they are read. */
  #changes: WrittenEmit[] | undefined
  #waiting: ((place: RetainedPlace, changes: readonly WrittenEmit[]) => void)[] = []
  #round = 0
  #retry: NodeJS.Timeout | undefined

  constructor(options: SharedPlaceOptions) {
    this.#options = options
    this.known = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.read()
  }

  get isKnown(): boolean {
    return this.#place !== undefined
  }

  /** Calls `give` with the values: at once; or when they are known, without those that were delivered meanwhile. */
  enter(give: (values: readonly PlaceValue[]) => void): void {
    if (this.#place) {
      give(this.#place.values)
      return
    }
    const before = Number(this.#changes?.length)
    this.#waiting.push(({ values }, changes) => {
      const delivered = new Set(changes.slice(before).map(([{ emit, key }]) => JSON.stringify([emit, key])))
      give(values.filter(({ emit, key }) => !delivered.has(JSON.stringify([emit, key]))))
    })
  }

  /** Called with what is delivered. */
  apply(...change: WrittenEmit): void {
    const [mark, encoded] = change
    this.#changes?.push(change)
    this.#place?.apply(mark, encoded)
  }

  /** Reads the values, also again: until they are known, the former ones stand. */
  read(): void {
    const round = ++this.#round
    this.#changes = []
    clearTimeout(this.#retry)
    this.#options.read().then(
      (read) => read.whenDelivered(() => round === this.#round && this.#restore(read)),
      (error) => {
        if (round !== this.#round) return
        this.#options.report(error)
        this.#retry = setTimeout(() => this.read(), RETRY_MS).unref()
      },
    )
  }

  close(): void {
    this.#round++
    clearTimeout(this.#retry)
    this.#waiting = []
    this.#resolve()
  }

  /** All that the values come from is delivered here. What was delivered since the read began is a part of them, or comes behind them. */
  #restore({ values, isBehind }: RetainedRead): void {
    const place = new RetainedPlace(this.#options.now)
    const changes = this.#changes as WrittenEmit[]
    this.#changes = undefined
    for (const value of values) place.restore(value)
    for (const [mark, encoded, offset] of changes) if (isBehind(offset)) place.apply(mark, encoded)
    this.#place = place
    for (const give of this.#waiting.splice(0)) give(place, changes)
    this.#resolve()
  }
}
