import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { NodeSettings } from './node.js'
import { answerQuestions, attachProgram, cpu, type Program, readSettings } from './program.js'

/*
 * The primary of a Node.js cluster, whose workers are the nodes of a run: it forks them, and passes on what they are asked.
 */

const { nodeOptions } = readSettings<{ nodeOptions: string[] }>()
// Not a literal, because it has no types before `npm run build`.
const self: string = 'fastify-namespaces/cluster'
const { setupPrimary } = (await import(self)) as typeof import('../../plugin/cluster.js')
setupPrimary()

const nodes = new Map<number, Program>()

async function fork({ number, node }: { number: number; node: NodeSettings }) {
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('node.js', import.meta.url)),
    execArgv: nodeOptions,
    args: [JSON.stringify(node)],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const program = await attachProgram(cluster.fork().process, `node ${number}`)
  nodes.set(number, program)
  return { pid: program.pid, greeting: program.greeting }
}

answerQuestions(undefined, {
  fork,
  ask: ({ number, name, argument }: { number: number; name: string; argument: unknown }) =>
    nodes.get(number)?.ask(name, argument),
  end: (number: number) => nodes.get(number)?.end(),
  cpu,
})
