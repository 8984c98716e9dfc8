import type { ContenderName } from './contenders.js'

/*
 * What is measured: each scenario as data.
 */

/** Frames that are sent and answered: CPU per message, in slices. */
interface Sliced {
  readonly kind: 'echo' | 'binary' | 'paced' | 'broadcast' | 'handshake' | 'join'
  /** The event that is sent. */
  readonly event: string
  readonly sockets: number
  /** Messages of one socket that wait for their answer at a time. */
  readonly inFlight: number
  /** Deliveries that one message leads to. */
  readonly deliveries: number
  /** Messages a second of all sockets; 0: as fast as answers come. */
  readonly perSecond: number
}

export interface Scenario extends Sliced {
  readonly id: string
  readonly title: string
  /** What one costs: an echo, a delivery, a join. */
  readonly unit: string
  /** Those who can't do it, or do not differ in it from another. */
  readonly without: readonly ContenderName[]
}

const echo = {
  kind: 'echo',
  event: 'echo',
  sockets: 100,
  inFlight: 4,
  deliveries: 1,
  perSecond: 0,
  unit: 'message',
  without: [],
} as const
const broadcast = {
  ...echo,
  kind: 'broadcast',
  event: 'shout',
  sockets: 500,
  inFlight: 1,
  deliveries: 500,
  unit: 'delivery',
} as const

export const SCENARIOS: readonly Scenario[] = [
  { ...echo, id: 'echo-4', title: 'validated echo, 100 sockets x 4 in flight' },
  { ...echo, id: 'echo-1', title: 'validated echo, 100 sockets x 1 in flight', inFlight: 1 },
  { ...echo, id: 'raw-4', title: 'unvalidated echo, 100 sockets x 4 in flight', event: 'raw' },
  { ...broadcast, id: 'broadcast-500', title: 'broadcast to 500' },
  {
    ...echo,
    id: 'features',
    title: 'every feature in use, 100 sockets x 4 in flight',
    without: ['ws', 'ours plain'],
  },
]
