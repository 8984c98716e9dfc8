import cluster from 'node:cluster'
import { existsSync, realpathSync } from 'node:fs'
import type { Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import fastifyHelmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import { setupWorker } from '@socket.io/sticky'
import closeWithGrace from 'close-with-grace'
import envSchema from 'env-schema'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { Type } from 'typebox'
import { chat } from './examples/chat.js'
import { createClock } from './examples/clock.js'
import { runWorkers, STOP, type WorkerFailed, type WorkerReady } from './examples/cluster/run-workers.js'
import { announcePresence, presence } from './examples/presence.js'
import namespacesConsole from './plugin/console.js'
import namespaces, { type AdapterOptions, defineNamespace } from './plugin/index.js'

/*
 * The bundled server. It serves the page in static/, four namespaces that the page can join, and the console.
 *
 * npm start
 * HOST=0.0.0.0 PORT=3001 LOG_LEVEL=warn CORS_ORIGIN=https://app.example npm start
 * WORKERS=4 npm start
 * REDIS_URL=redis://localhost:6379 npm start
 */

/** The options of `buildServer`. */
export interface BuildOptions {
  /**
   * Fastify's `logger` option.
   * @defaultValue `false`
   */
  readonly logger?: FastifyServerOptions['logger']
  /**
   * Other origins whose pages may connect, e.g. `['https://app.example']`.
   * @defaultValue `[]`
   */
  readonly corsOrigin?: readonly string[]
  /** What connects this server to others; by default nothing. */
  readonly adapter?: AdapterOptions | undefined
}

/** Builds the server without listening. */
export async function buildServer(options: BuildOptions = {}): Promise<FastifyInstance> {
  const { logger = false, corsOrigin = [], adapter } = options
  // Browsers open connections in advance. On close, Node.js would wait for those that never send a request.
  const app: FastifyInstance = Fastify({ logger: withoutQueries(logger), forceCloseConnections: true })
  // Fastify's default handler logs the whole URL.
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send({ statusCode: 404, error: 'Not Found', message: 'There is no such page' })
  })

  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // These headers are for HTTPS. Over plain HTTP a browser ignores them or logs a warning.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  })
  await app.register(fastifyStatic, { root: fileURLToPath(new URL('static', import.meta.url)) })

  await app.register(namespaces, {
    ...(adapter && { adapter }),
    io: { serveClient: true, ...(corsOrigin.length > 0 && { cors: { origin: [...corsOrigin] } }) },
    namespaces: {
      '/': presence,
      '/my-namespace': defineNamespace({
        description: 'A greeting for everyone, whenever someone joins',
        emits: { hi: { payload: Type.String() } },
        onConnect: ({ namespace, log }) => {
          log.info('someone connected')
          namespace.emit('hi', 'Hello everyone!')
        },
      }),
      '/chat': chat,
      '/clock': createClock(),
    },
  })
  // Also in production, because it shows nothing that the page does not. Without its files, which npm start builds, the rest works.
  if (existsSync(new URL('dist/console/index.html', import.meta.url))) {
    await app.register(namespacesConsole, { uiHooks: {} })
  }
  announcePresence(app.io, ['/', '/my-namespace', '/chat', '/clock'])
  return app
}

/** Logs paths without queries. The plugin redacts the queries of its own routes; this serializer is for all others. */
function withoutQueries(logger: BuildOptions['logger']): NonNullable<BuildOptions['logger']> {
  if (!logger) return false
  const serializers = {
    req: ({ method, url, host, ip }: FastifyRequest) => {
      const end = url.indexOf('?')
      return { method, url: end < 0 ? url : url.slice(0, end), host, remoteAddress: ip }
    },
  }
  return { serializers, ...(logger !== true && logger) }
}

// An origin as a browser sends it: scheme, host and optional port.
const ORIGIN = 'https?://[^\\s/,]+'

// Never printed: it may have a password.
const SECRET = (scheme: string) => `a URL as ${scheme}://user:password@host (it is not shown)`

const configSchema = {
  type: 'object',
  properties: {
    HOST: { type: 'string', pattern: '^\\S+$', default: 'localhost', description: 'a host name or an address' },
    PORT: { type: 'integer', minimum: 0, maximum: 65535, default: 3000, description: 'a whole number from 0 to 65535' },
    LOG_LEVEL: {
      type: 'string',
      enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      default: 'info',
      description: 'one of fatal, error, warn, info, debug, trace, silent',
    },
    CORS_ORIGIN: {
      type: 'string',
      pattern: `^(${ORIGIN}(\\s*,\\s*${ORIGIN})*)?$`,
      default: '',
      description: 'origins separated by commas, as https://app.example',
    },
    WORKERS: { type: 'integer', minimum: 1, maximum: 256, default: 1, description: 'a whole number from 1 to 256' },
    REDIS_URL: { type: 'string', pattern: '^(rediss?://.+)?$', default: '', description: SECRET('redis') },
    DATABASE_URL: { type: 'string', pattern: '^(postgres(ql)?://.+)?$', default: '', description: SECRET('postgres') },
  },
}

interface Config {
  readonly HOST: string
  readonly PORT: number
  readonly LOG_LEVEL: string
  readonly CORS_ORIGIN: string
  readonly WORKERS: number
  readonly REDIS_URL: string
  readonly DATABASE_URL: string
}

type Environment = Record<string, string | undefined>

/**
 * Reads the configuration from environment variables.
 *
 * @throws an Error with one line that names each invalid variable and its valid values
 */
function readConfig(environment: Environment): Config {
  try {
    return envSchema<Config>({ schema: configSchema, data: { ...environment }, env: false })
  } catch (error) {
    const { errors = [] } = error as { errors?: { instancePath: string }[] }
    const names = new Set(errors.map(({ instancePath }) => instancePath.slice(1) as keyof Config))
    const problems = [...names].map((name) => {
      const { description } = configSchema.properties[name]
      return `${name} must be ${description}${name.endsWith('_URL') ? '' : `: got ${JSON.stringify(environment[name])}`}`
    })
    throw new Error(problems.join('; '), { cause: error })
  }
}

/** What connects this process to others. */
function adapterOf({ WORKERS, REDIS_URL, DATABASE_URL }: Config): AdapterOptions | undefined {
  if (REDIS_URL !== '' && DATABASE_URL !== '') throw new Error('Give one of REDIS_URL and DATABASE_URL')
  if (REDIS_URL !== '') return { type: 'redis', url: REDIS_URL }
  if (DATABASE_URL !== '') return { type: 'postgres', url: DATABASE_URL }
  return WORKERS > 1 ? { type: 'cluster' } : undefined
}

/** Explains why the server can't listen. Returns undefined if the error itself says it best. */
function explainListen(error: unknown, { HOST, PORT }: Config): string | undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return `Port ${PORT} is taken. Choose another: PORT=${PORT < 65535 ? PORT + 1 : 3000} npm start`
  }
  if (code === 'EACCES') return `This user may not listen on port ${PORT}. Choose another: PORT=3000 npm start`
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') {
    return `HOST ${HOST} is no address of this machine. Leave it out, or: HOST=0.0.0.0 npm start`
  }
  return undefined
}

/** Builds the server of this process. */
function build(config: Config): Promise<FastifyInstance> {
  const pretty = process.stdout.isTTY && { transport: { target: 'pino-pretty' } }
  return buildServer({
    logger: { level: config.LOG_LEVEL, ...pretty },
    corsOrigin: config.CORS_ORIGIN.split(',').flatMap((origin) => origin.trim() || []),
    adapter: adapterOf(config),
  })
}

/** Closes the server when a signal comes, or after an error. */
function closeOnSignal(app: FastifyInstance): void {
  closeWithGrace({ logger: app.log }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'closing after an error')
    await app.close()
  })
}

/**
 * Runs the server until a signal stops it.
 *
 * @throws an Error whose message is written for the person who starts the server
 */
async function run(environment: Environment): Promise<void> {
  const config = readConfig(environment)
  if (cluster.isWorker) return await runWorker(config)
  if (config.WORKERS > 1) return await runPrimary(config)
  const app = await build(config)
  try {
    await app.listen({ host: config.HOST, port: config.PORT })
  } catch (error) {
    await app.close()
    throw new Error(explainListen(error, config) ?? String(error), { cause: error })
  }
  closeOnSignal(app)
  printAddress(app.server.address(), config, tellNamespaces(app))
}

/**
 * Runs one of `WORKERS`, which takes its connections from the primary.
 *
 * @throws what its boot throws, once the server is closed
 */
async function runWorker(config: Config): Promise<void> {
  const app = await build(config)
  // The primary may also stop it while it boots.
  process.on('message', async (message) => {
    if (message !== STOP) return
    await app.close()
    // A signal may have ended it as well.
    if (process.connected) process.disconnect()
  })
  try {
    await app.ready()
  } catch (error) {
    await app.close()
    throw error
  }
  // From here on it takes connections.
  setupWorker(app.io)
  closeOnSignal(app)
  process.send?.({ ready: tellNamespaces(app) } satisfies WorkerReady)
}

/** Runs the workers until a signal stops them. */
async function runPrimary(config: Config): Promise<void> {
  adapterOf(config)
  const died = (problem: string) => console.error(problem)
  const workers = await runWorkers({ count: config.WORKERS, host: config.HOST, port: config.PORT, died }).catch(
    (error: unknown) => {
      throw new Error(explainListen(error, config) ?? (error as Error).message, { cause: error })
    },
  )
  closeWithGrace({ logger: console, delay: 30_000 }, () => workers.stop())
  printAddress(workers.address, config, workers.said)
}

/** The address of the console under `{console}`, and the namespaces. */
function tellNamespaces(app: FastifyInstance): string {
  const hasConsole = app.hasRoute({ method: 'GET', url: '/namespaces/' })
  return `${hasConsole ? 'console: {console}\n' : ''}${app.printNamespaces()}`
}

function printAddress(address: ReturnType<Server['address']>, { HOST, PORT }: Config, namespaces: string): void {
  const port = typeof address === 'object' ? address?.port : PORT
  console.log(`listening on ${HOST}:${port}`)
  console.log(namespaces.replace('{console}', `http://${hostOfUrl(HOST)}:${port}/namespaces/`))
}

/** The host as it stands in a URL of this machine. */
function hostOfUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

const isMain = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isMain) {
  run(process.env).catch((error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error)
    // The channel between primary and worker, and connections that wait for a worker, would keep the process.
    const end = () => process.exit(1)
    if (cluster.isWorker) return void process.send?.({ failed: problem } satisfies WorkerFailed, end)
    console.error(problem)
    end()
  })
}
