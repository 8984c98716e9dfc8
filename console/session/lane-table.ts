import type { Writable } from '../shared/writable.js'
import type { Lane, RoundTrip } from './session-types.js'

/** The most lanes that are kept after they were left, and the most round trips. */
const MOST_LEFT = 100
const MOST_ROUND_TRIPS = 600

/** Events come in thousands a second; their counts are shown a few times a second. */
const COUNTS_MS = 120

/** What a session tells of its lanes. Changes are shown at once, counts and round trips soon. */
export interface LaneTable {
  readonly get: (address: string) => Lane | undefined
  /** Adds a lane, or replaces it. */
  readonly set: (lane: Lane) => void
  readonly change: (address: string, change: Partial<Lane>) => void
  readonly count: (address: string, way: 'up' | 'down') => void
  readonly measure: (kind: RoundTrip['kind'], ms: number) => void
  /** Stops showing. */
  readonly end: () => void
}

export function createLaneTable(
  lanes: Writable<readonly Lane[]>,
  roundTrips: Writable<readonly RoundTrip[]>,
): LaneTable {
  const held = new Map<string, Lane>()
  const measured: RoundTrip[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    clearTimeout(timer)
    timer = undefined
    lanes.set([...held.values()])
    if (measured.length > 0)
      roundTrips.set([...roundTrips.getSnapshot(), ...measured.splice(0)].slice(-MOST_ROUND_TRIPS))
  }

  function showSoon(): void {
    timer ??= setTimeout(show, COUNTS_MS)
  }

  function set(lane: Lane): void {
    held.set(lane.address, lane)
    const left = [...held.values()].filter(({ state }) => state.status === 'left')
    for (const { address } of left.slice(0, -MOST_LEFT)) held.delete(address)
    show()
  }

  return {
    get: (address) => held.get(address),
    set,

    change(address, change) {
      const lane = held.get(address)
      if (lane) set({ ...lane, ...change })
    },

    count(address, way) {
      const lane = held.get(address)
      if (lane) held.set(address, { ...lane, [way]: lane[way] + 1 })
      showSoon()
    },

    measure(kind, ms) {
      measured.push({ at: Date.now(), ms, kind })
      if (measured.length > MOST_ROUND_TRIPS) measured.shift()
      showSoon()
    },

    end: () => clearTimeout(timer),
  }
}
