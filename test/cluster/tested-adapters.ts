import type { Ability } from '../../plugin/conformance.js'

/*
 * The adapters that the conformance suite runs over, and what each lacks: the table of docs/scaling.md, which a test compares.
 */

export type TestedAdapter =
  | 'redis'
  | 'postgres'
  | 'cluster'
  | 'stock streams'
  | 'stock pub/sub'
  | 'stock sharded'
  | 'stock postgres'
  | 'stock cluster'

export interface TestedSetup {
  /** Its name in docs/scaling.md. */
  readonly name: string
  readonly broker: 'redis' | 'postgres' | 'primary'
  readonly lacks: readonly Ability[]
}

const LOSING: readonly Ability[] = ['restart', 'reset', 'partition']
const STOCK: readonly Ability[] = ['order', 'recovery', 'late nodes', ...LOSING]

export const TESTED: Readonly<Record<TestedAdapter, TestedSetup>> = {
  redis: { name: "`adapter: { type: 'redis' }`", broker: 'redis', lacks: [] },
  postgres: { name: "`adapter: { type: 'postgres' }`", broker: 'postgres', lacks: [] },
  // Its broker is the primary: it ends with all workers.
  cluster: { name: "`adapter: { type: 'cluster' }`", broker: 'primary', lacks: LOSING },
  'stock streams': {
    name: '`createAdapter` of `@socket.io/redis-streams-adapter`',
    broker: 'redis',
    lacks: ['order', 'takeover', 'distant recovery', 'late nodes', ...LOSING],
  },
  'stock pub/sub': { name: '`createAdapter` of `@socket.io/redis-adapter`', broker: 'redis', lacks: STOCK },
  'stock sharded': { name: '`createShardedAdapter` of the same package', broker: 'redis', lacks: STOCK },
  'stock postgres': { name: '`@socket.io/postgres-adapter`', broker: 'postgres', lacks: ['emit order', ...STOCK] },
  'stock cluster': { name: '`@socket.io/cluster-adapter`', broker: 'primary', lacks: STOCK },
}
