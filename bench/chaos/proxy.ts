import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { answerQuestions } from './program.js'

/*
 * The network of a chaos run, a process: a balancer between clients and nodes, and a way to the broker for each node.
 */

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
  readonly node: number
}

/** The nodes that get new connections: number and port. */
let nodes: (readonly [node: number, port: number])[] = []
/** Whether a connection that its client has lost stays open towards the node. */
let isHalfOpen = false
const pairs = new Set<Pair>()
const ignore = () => {}

function forward(client: Socket, upstream: Socket, node: number, keepsHalf: () => boolean): Pair {
  const pair: Pair = { client, upstream, node }
  client.on('error', ignore)
  upstream.on('error', ignore)
  client.pipe(upstream, { end: false })
  upstream.pipe(client, { end: false })
  client.on('close', () => {
    if (keepsHalf()) {
      // A stall without FIN: the node can write until its buffers are full, and hears nothing.
      upstream.unpipe(client)
      upstream.pause()
    } else upstream.destroy()
  })
  upstream.on('close', () => client.destroy())
  return pair
}

/** The connections of each node, also those that are being made. */
const loads = new Map<number, number>()
const loadOf = (node: number) => loads.get(node) ?? 0

/** Connects to the node with the fewest connections; to another one if that refuses. */
function balance(client: Socket, candidates = [...nodes].sort(([one], [other]) => loadOf(one) - loadOf(other))): void {
  const [[node, port] = [0, 0], ...others] = candidates
  loads.set(node, loadOf(node) + 1)
  const upstream = connect(port, '127.0.0.1')
  upstream.on('close', () => loads.set(node, loadOf(node) - 1))
  upstream.once('error', () => {
    if (others.length > 0) balance(client, others)
    else client.destroy()
  })
  upstream.once('connect', () => {
    upstream.removeAllListeners('error')
    const pair = forward(client, upstream, node, () => isHalfOpen)
    pairs.add(pair)
    upstream.on('close', () => pairs.delete(pair))
  })
  client.on('error', ignore)
}

/** The way of one node to the broker. */
interface BrokerWay {
  readonly server: Server
  readonly pairs: Set<Pair>
  isStalled: boolean
}

const ways = new Map<number, BrokerWay>()

function openWay({ node, path, broker }: { node: number; path: string; broker: string }): Promise<void> {
  const open = new Set<Pair>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const pair = forward(client, connect(broker), node, () => false)
    open.add(pair)
    pair.client.on('end', () => pair.upstream.end())
    pair.client.on('close', () => open.delete(pair))
    if (way.isStalled) stall(pair)
  })
  const way: BrokerWay = { server, pairs: open, isStalled: false }
  ways.set(node, way)
  return new Promise((resolve) => server.listen(path, resolve))
}

function stall({ client, upstream }: Pair): void {
  client.unpipe(upstream)
  upstream.unpipe(client)
  client.pause()
  upstream.pause()
}

const balancer = createServer((client) => balance(client))
await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', 4_096, resolve))

answerQuestions((balancer.address() as AddressInfo).port, {
  nodes: (given: typeof nodes) => {
    nodes = given
  },
  halfOpen: (on: boolean) => {
    isHalfOpen = on
  },
  /** Cuts all clients of a node. */
  cut: (node: number) => {
    for (const pair of pairs) if (pair.node === node) pair.upstream.destroy()
  },
  openWay,
  stallWay: (node: number) => {
    const way = ways.get(node) as BrokerWay
    way.isStalled = true
    for (const pair of way.pairs) stall(pair)
  },
  healWay: (node: number) => {
    const way = ways.get(node) as BrokerWay
    way.isStalled = false
    for (const { client, upstream } of way.pairs) {
      client.pipe(upstream, { end: false })
      upstream.pipe(client, { end: false })
    }
  },
  cutWay: (node: number) => {
    for (const { client } of (ways.get(node) as BrokerWay).pairs) client.destroy()
  },
})
