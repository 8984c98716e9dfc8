import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Contender } from './contenders.js'
import type { NodeSettings } from './node.js'
import { startPostgres } from './postgres.js'
import { type Program, startProgram } from './program.js'
import { type Broker, startRedis } from './redis.js'

/*
 * What connects the nodes of a run: a broker, with a way to it for each node; or the primary that has forked them.
 */

export interface Backbone {
  /** Undefined if it is the primary, which can neither fail alone nor be cut off. */
  readonly broker: Broker | undefined
  startNode(number: number, settings: Omit<NodeSettings, 'broker'>): Promise<Program>
  /** CPU seconds of the broker or of the primary. */
  cpu(): Promise<number>
  close(): Promise<void>
}

/** Each node has up to seven connections. */
const POSTGRES = ['max_connections=300']
/** So that memory can be read. It costs nothing until then. */
const NODE_OPTIONS = ['--expose-gc']

/** @param network - the process that has the ways to the broker */
export async function startBackbone(contender: Contender, folder: string, network: Program): Promise<Backbone> {
  if (contender === 'cluster') return startPrimary()
  const broker = await (contender === 'postgres' ? startPostgres(folder, POSTGRES) : startRedis(folder))
  const ways = new Map<number, string>()
  async function openWay(node: number): Promise<string> {
    // PostgreSQL has a folder and a fixed name for its socket.
    const path = join(folder, `node-${node}`, '.s.PGSQL.5432')
    await mkdir(dirname(path))
    await network.ask('openWay', { node, path, broker: broker.path })
    ways.set(node, path)
    return path
  }
  return {
    broker,
    async startNode(number, settings) {
      const way = ways.get(number) ?? (await openWay(number))
      return startProgram('node.js', { ...settings, broker: way } satisfies NodeSettings, NODE_OPTIONS)
    },
    cpu: broker.cpu,
    close: broker.stop,
  }
}

async function startPrimary(): Promise<Backbone> {
  const primary = await startProgram('primary.js', { nodeOptions: NODE_OPTIONS })
  return {
    broker: undefined,
    async startNode(number, settings) {
      const node = { ...settings, broker: '' } satisfies NodeSettings
      const { pid, greeting } = (await primary.ask('fork', { number, node })) as Pick<Program, 'pid' | 'greeting'>
      return {
        pid,
        greeting,
        ask: (name, argument) => primary.ask('ask', { number, name, argument }),
        signal: (signal) => void process.kill(pid, signal),
        end: () => primary.ask('end', number) as Promise<never>,
      }
    },
    cpu: () => primary.ask('cpu') as Promise<number>,
    close: () => primary.end(),
  }
}
