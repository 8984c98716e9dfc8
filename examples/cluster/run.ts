import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/*
 * Three nodes, Redis, and a proxy in front of them: npm run example:cluster -- nginx, or haproxy. Ctrl-C ends all.
 * Needs redis-server, and nginx or haproxy, in PATH. Or give another Redis: REDIS_URL.
 */

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const PROXIES: Readonly<Record<string, readonly string[]>> = {
  nginx: ['nginx', '-p', process.cwd(), '-c', here('nginx.conf')],
  haproxy: ['haproxy', '-f', here('haproxy.cfg')],
}

const proxy = PROXIES[process.argv[2] ?? 'nginx']
if (!proxy) {
  console.error('npm run example:cluster -- nginx, or haproxy')
  process.exit(1)
}

const { REDIS_URL } = process.env
const redis = ['redis-server', '--port', '6379', '--bind', '127.0.0.1', '--save', '', '--loglevel', 'warning']
const programs: [command: readonly string[], variables?: Record<string, string>][] = [
  ...(REDIS_URL === undefined ? [[redis] as [readonly string[]]] : []),
  ...['a', 'b', 'c'].map((node, index): [readonly string[], Record<string, string>] => [
    [process.execPath, ...process.execArgv, here('node.ts')],
    { NODE: node, PORT: String(3001 + index) },
  ]),
  [proxy],
]

const children: ChildProcess[] = programs.map(([[program = '', ...args], variables]) => {
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...variables } })
  child.on('error', ({ message }) => console.error(`${program}: ${message}`))
  return child
})
console.log('http://127.0.0.1:8080, namespace /chat')

const stop = () => {
  for (const child of children) child.kill()
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop)
