import { Writable } from 'node:stream'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type RouteShorthandOptions } from 'fastify'
import { redactRequest, redactUrl } from '../../shared/log/redaction.js'

/*
 * Redacts the log lines of the plugin's routes: the `req` and `res` serializers, the application's or Fastify's own, receive the
 * request without its secrets. Every handshake and every connect has two child loggers, so neither costs more than without it.
 */

// Serializes a request, or a reply, which has a reference to its request.
type Serializer = (subject: object) => unknown
interface Serializers {
  readonly req?: Serializer
  readonly res?: Serializer
}

// The public symbol of pino for the serializers of a logger.
const SERIALIZERS = Symbol.for('pino.serializers')

type PinoLogger = FastifyBaseLogger & { readonly [SERIALIZERS]?: Serializers }

let defaults: Serializers | undefined

/** Fastify's own serializers, from a new instance. Another copy of Fastify has other ones. */
function findDefaults(): Serializers {
  const logger = { level: 'silent', stream: new Writable() }
  defaults ??= (Fastify({ logger }).log as PinoLogger)[SERIALIZERS] as Serializers
  return defaults
}

const redactedSerializers = new WeakMap<Serializer, Serializer>()

function redactSerializer(serialize: Serializer): Serializer {
  const known = redactedSerializers.get(serialize)
  if (known) return known
  const made = isDefault(serialize) ? redactLine(serialize) : (subject: object) => serialize(redactRequest(subject))
  redactedSerializers.set(serialize, made)
  return made
}

function isDefault(serialize: Serializer): boolean {
  const { req, res } = findDefaults()
  return serialize === req || serialize === res
}

/** Fastify's own serializers show no secret but those of the URL: no proxy has to watch what they read. */
function redactLine(serialize: Serializer): Serializer {
  return (subject) => {
    const line = serialize(subject) as { url?: unknown }
    if (typeof line.url === 'string') line.url = redactUrl(line.url)
    return line
  }
}

/** A copy with redacted `req` and `res`, also of what it inherits. Without a prototype: pino looks up every key of a line. */
function redactSerializers(serializers: Serializers): Serializers {
  const copy: Record<string, Serializer> = Object.create(null)
  for (const name in serializers) copy[name] = serializers[name as keyof Serializers] as Serializer
  // Those by symbols, too.
  Object.assign(copy, serializers)
  for (const name of ['req', 'res']) if (copy[name]) copy[name] = redactSerializer(copy[name])
  return copy
}

const redactedLoggers = new WeakMap<FastifyBaseLogger, FastifyBaseLogger>()

/**
 * A logger with redacted serializers. It inherits from the given one, as pino's own children do, so that it has the level of the
 * moment. A logger without serializers is returned as it is.
 */
function redactLogger(logger: PinoLogger): FastifyBaseLogger {
  const serializers = logger[SERIALIZERS]
  if (!serializers) return logger
  const known = redactedLoggers.get(logger)
  if (known) return known
  const value = redactSerializers(serializers)
  // Writable, because pino assigns the field to each child.
  const made = Object.create(logger, { [SERIALIZERS]: { value, writable: true } }) as FastifyBaseLogger
  redactedLoggers.set(logger, made)
  return made
}

/**
 * Creates the options of a route whose log lines are redacted.
 *
 * @returns the options; empty if the instance has no log
 */
export function redactRouteLogs({
  log,
}: Pick<FastifyInstance, 'log'>): Pick<RouteShorthandOptions, 'childLoggerFactory'> {
  // The child of a disabled logger is the logger itself.
  if (log.child({}) === log) return {}
  return {
    childLoggerFactory(this: FastifyInstance, logger, bindings, options, raw) {
      const own = options.serializers as Serializers | undefined
      const given = own ? { ...options, serializers: redactSerializers(own) as typeof own & object } : options
      return this.childLoggerFactory(redactLogger(logger), bindings, given as typeof options, raw)
    },
  }
}
