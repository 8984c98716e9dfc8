import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, HTTPMethods } from 'fastify'
import type { Server, ServerOptions } from 'socket.io'
import type { NormalOptions } from '../definition/normalize/plugin-options.js'
import { FST_NSP_CLOSING, FST_NSP_CONNECTIONS_LIMIT } from '../shared/errors.js'
import type { ServerLimit } from '../shared/limits/server-limit.js'
import { logError } from '../shared/log/error-log.js'
import { after, isThenable } from '../shared/maybe-async.js'
import { type DiscardableConnection, discardConnection } from '../wire/discard-connection.js'
import { logHandshakeHints } from './handshake-hints.js'
import { CapturedResponse } from './http/captured-response.js'
import { handshakeOf, keepHandshake } from './http/connect-request.js'
import { keepCookies } from './http/raw-connect.js'
import { redactRouteLogs } from './http/redacted-logs.js'
import { isInjected, keepForPolls, relayToReply, silenceWarning } from './http/relay-headers.js'
import { sessionIdOf } from './http/request-url.js'
import type { OriginPolicy } from './origin-policy.js'
import { refuseUpgrade, watchUpgrade } from './upgrade-response.js'

/*
 * The Fastify route of the engine: every handshake runs the whole lifecycle, onRequest to onResponse, exactly once.
 *
 * polling:   Fastify first. The route's handler calls the engine and sends the engine's response as its reply.
 * WebSocket: the engine first. For a well-formed upgrade it calls `allowRequest`, which sends the request through Fastify.
 *            A refusal of Fastify is written to the connection. If the handler accepts, with 101, its headers are added to
 *            those of the engine's 101.
 */

const BUNDLE = ':bundle(^socket\\.io(?:\\.esm|\\.msgpack)?(?:\\.min)?\\.js(?:\\.map)?$)'

type Respond = (raw: IncomingMessage, response: ServerResponse) => void

type AllowRequest = NonNullable<ServerOptions['allowRequest']>

/** What the engine's routes need besides the engine. */
interface EngineRouteOptions {
  readonly serveClient: Respond
  /** The definitions so far; looked at when a handshake is refused. */
  readonly entries: readonly unknown[]
  /** Of connections. */
  readonly limit: ServerLimit
}

export interface HandshakeRoute {
  /** Replaces the `allowRequest` of the application, which the route calls. */
  readonly allowRequest: AllowRequest
  /** Adds the engine's routes to a context, at `path` below its prefix. */
  addRoutes(instance: FastifyInstance, io: Server, path: string, options: EngineRouteOptions): void
  /** Refuses every handshake from now on, including those under way. */
  close(): void
}

/** @param markInjected - called for a handshake of inject(), which does not come through server-listeners.ts */
export function createHandshakeRoute(
  route: FastifyInstance['routing'],
  { io: options }: NormalOptions,
  checkOrigin: OriginPolicy,
  markInjected: (raw: IncomingMessage) => void,
): HandshakeRoute {
  const acceptedHeaders = new WeakMap<IncomingMessage, OutgoingHttpHeaders>()
  let isClosing = false

  const allowRequest: AllowRequest = (raw, decide) => {
    const request = handshakeOf(raw)
    if (request) {
      void after(askApplication(request), (refusal) => decide(refusal, refusal === null))
      return
    }
    // A polling handshake comes through the route. Any other was not let through by Fastify.
    if (!(raw as { upgrade?: boolean }).upgrade) return decide('Forbidden', false)
    const response = new CapturedResponse(raw)
    response.once('finish', () => {
      if (!handshakeOf(raw)) return refuseUpgrade(raw, response)
      const headers = response.endToEndHeaders
      if (Object.keys(headers).length > 0) acceptedHeaders.set(raw, headers)
      // The engine sends its first packet before setImmediate runs: one write with the 101.
      raw.socket.cork()
      setImmediate(uncork, raw.socket)
      decide(null, true)
    })
    route(raw, response)
    if (!response.writableEnded) watchUpgrade(raw, response)
  }

  /**
   * Calls the application's `allowRequest`. A throw or rejection is logged and refuses; a second call of its callback does nothing.
   * @returns null if it allows the request; else the reason
   */
  function askApplication(request: FastifyRequest): string | null | Promise<string | null> {
    const { allowRequest: ask } = options
    if (!ask) return null
    return new Promise<string | null>((resolve, reject) => {
      const result: unknown = ask(request.raw, (message, success) => resolve(success ? null : (message ?? 'Forbidden')))
      if (isThenable(result)) result.then(undefined, reject)
    }).catch((error: unknown) => {
      logError(request.log, error, {}, 'allowRequest failed')
      return 'Forbidden'
    })
  }

  function acceptUpgrade(request: FastifyRequest, reply: FastifyReply): void | PromiseLike<void> {
    return after(askApplication(request), (refusal) => {
      if (refusal === null) keepHandshake(request.raw, request)
      if (refusal === null) reply.code(101).send()
      else reply.code(403).send({ code: 4, message: refusal }) // as engine.io itself answers
    })
  }

  return {
    allowRequest,

    addRoutes(instance, io, path, { serveClient, entries, limit }) {
      limit.count(() => io.engine.clientsCount)
      io.engine.on('initial_headers', (headers: OutgoingHttpHeaders, raw: IncomingMessage) => {
        for (const [name, value] of Object.entries(acceptedHeaders.get(raw) ?? {})) {
          // A third spelling: a listener of the application may set `set-cookie`, and the engine `Set-Cookie`. All are sent.
          const key = name === 'set-cookie' ? 'SET-COOKIE' : name
          // engine.io writes `name: value` lines, so a repeated header is one value with line breaks.
          headers[key] = Array.isArray(value) ? value.join(`\r\n${name}: `) : value
        }
      })
      // A handshake whose hooks had ended when the closing began.
      io.engine.on('connection', (connection: DiscardableConnection) => {
        if (isClosing) discardConnection(connection)
      })
      // engine.io destroys the connection right after this event, with everything that is not written.
      io.engine.on('connection_error', ({ req }: { req: IncomingMessage & { upgrade?: boolean } }) => {
        if (req.upgrade) uncork(req.socket)
      })

      instance.register(async (scope) => {
        logHandshakeHints(scope, () => entries.length > 0)
        // The engine itself reads the bodies.
        scope.removeAllContentTypeParsers()
        scope.addContentTypeParser('*', (_request, _payload, done) => done(null))

        // `hide` is for @fastify/swagger; Fastify's types have it only if that is installed.
        const hidden = { exposeHeadRoute: false, schema: { hide: true } as FastifySchema, ...redactRouteLogs(scope) }
        for (const url of [`${path}/`, path]) {
          // socket.io-client requests a trailing slash. With `ignoreTrailingSlash` both are one route.
          if (url === '' || scope.hasRoute({ method: 'GET', url: scope.prefix + url })) continue
          scope.route({
            ...hidden,
            // The engine answers each method itself. node passes no CONNECT request to a route.
            method: scope.supportedMethods.filter((name) => name !== 'CONNECT') as HTTPMethods[],
            url,
            onRequest: (request) => checkOrigin(request.raw, request),
            // The last onSend hook: the Set-Cookie of an HTTP session is set by now.
            onSend: ({ raw }, reply, payload, done) => {
              keepCookies(raw, reply.getHeader('set-cookie'))
              keepForPolls(raw, reply)
              done(null, payload)
            },
            handler: (request, reply) => {
              // The client has gone: an engine session would wait for it until it times out.
              if (reply.raw.destroyed) return reply.send()
              // A poll that server-listeners.ts did not see comes here: its engine session is counted already.
              const isNew = sessionIdOf(request.raw) === ''
              if (isNew && isClosing) throw new FST_NSP_CLOSING()
              if (isNew && !limit.hasRoom()) throw new FST_NSP_CONNECTIONS_LIMIT()
              if (reply.raw instanceof CapturedResponse) return acceptUpgrade(request, reply)
              keepHandshake(request.raw, request)
              if (isInjected(request.raw)) {
                silenceWarning(request.raw)
                markInjected(request.raw)
              }
              return relayToReply(request, reply, (raw, response) => io.engine.handleRequest(raw, response))
            },
          })
        }
        if (options.serveClient === false) return
        scope.get(`${path}/${BUNDLE}`, hidden, (request, reply) => relayToReply(request, reply, serveClient))
      })
    },

    close() {
      isClosing = true
    },
  }
}

function uncork(connection: Duplex): void {
  connection.uncork()
}
