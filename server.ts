import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fastifyHelmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import closeWithGrace from 'close-with-grace'
import envSchema from 'env-schema'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { Type } from 'typebox'
import { chat } from './examples/chat.js'
import { createClock } from './examples/clock.js'
import { announcePresence, presence } from './examples/presence.js'
import namespaces, { defineNamespace } from './plugin/index.js'

/*
 * The bundled server: the page of static/, and four namespaces for it to join.
 *
 * npm start
 * HOST=0.0.0.0 PORT=3001 LOG_LEVEL=warn CORS_ORIGIN=https://app.example npm start
 */

/** What `buildServer` takes. */
export interface BuildOptions {
  /** Fastify's own `logger` option. Default: no logs. */
  readonly logger?: FastifyServerOptions['logger']
  /** Foreign origins whose pages may join, e.g. `['https://app.example']`. Default: none. */
  readonly corsOrigin?: readonly string[]
}

/** Builds the server, not listening yet. */
export async function buildServer({ logger = false, corsOrigin = [] }: BuildOptions = {}): Promise<FastifyInstance> {
  // Browsers open connections ahead of need, and node waits for one that never asks anything when it closes.
  const app: FastifyInstance = Fastify({ logger: withoutQueries(logger), forceCloseConnections: true })
  // Fastify's own answer writes the whole URL into the log.
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
    // These speak of https: over plain http a browser ignores them, or complains.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  })
  await app.register(fastifyStatic, { root: fileURLToPath(new URL('static', import.meta.url)) })

  await app.register(namespaces, {
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
  announcePresence(app.io, ['/', '/my-namespace', '/chat', '/clock'])
  return app
}

/** The log of a page that is visited: paths, and no queries. The plugin does so on its routes; these are the others. */
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

// One origin as a browser writes it: scheme, host, perhaps a port.
const ORIGIN = 'https?://[^\\s/,]+'

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
  },
}

interface Config {
  readonly HOST: string
  readonly PORT: number
  readonly LOG_LEVEL: string
  readonly CORS_ORIGIN: string
}

type Environment = Record<string, string | undefined>

/**
 * Reads the configuration.
 * throws an Error of one line that names each variable with a bad value, and what it may be.
 */
function readConfig(environment: Environment): Config {
  try {
    return envSchema<Config>({ schema: configSchema, data: { ...environment }, env: false })
  } catch (error) {
    const { errors = [] } = error as { errors?: { instancePath: string }[] }
    const names = new Set(errors.map(({ instancePath }) => instancePath.slice(1) as keyof Config))
    const problems = [...names].map((name) => {
      return `${name} must be ${configSchema.properties[name].description}: got ${JSON.stringify(environment[name])}`
    })
    throw new Error(problems.join('; '), { cause: error })
  }
}

/** What to tell a person whose server could not listen; undefined where there is nothing better than the error. */
function explainListen(error: unknown, { HOST, PORT }: Config): string | undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return `Port ${PORT} is taken. Choose another: PORT=${PORT < 65535 ? PORT + 1 : 3000} npm start`
  }
  if (code === 'EACCES') return `Port ${PORT} needs more rights than this user has. Choose another: PORT=3000 npm start`
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') {
    return `HOST ${HOST} is no address of this machine. Leave it out, or: HOST=0.0.0.0 npm start`
  }
  return undefined
}

/** Runs the server until a signal ends it. throws an Error whose message is for people. */
async function run(environment: Environment): Promise<void> {
  const config = readConfig(environment)
  const pretty = process.stdout.isTTY && { transport: { target: 'pino-pretty' } }
  const app = await buildServer({
    logger: { level: config.LOG_LEVEL, ...pretty },
    corsOrigin: config.CORS_ORIGIN.split(',').flatMap((origin) => origin.trim() || []),
  })
  try {
    await app.listen({ host: config.HOST, port: config.PORT })
  } catch (error) {
    await app.close()
    throw new Error(explainListen(error, config) ?? String(error), { cause: error })
  }
  closeWithGrace({ logger: app.log }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'closing after an error')
    await app.close()
  })
  const address = app.server.address()
  console.log(`listening on ${config.HOST}:${typeof address === 'object' ? address?.port : config.PORT}`)
  console.log(app.printNamespaces())
}

const isMain = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isMain) {
  run(process.env).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
