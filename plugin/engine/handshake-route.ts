import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, HTTPMethods } from 'fastify'
import type { Server, ServerOptions } from 'socket.io'
import type { NormalOptions } from '../definition/normalize/plugin-options.js'
import { FST_NSP_CLOSING, FST_NSP_CONNECTIONS_LIMIT } from '../shared/errors.js'
import { isWithin } from '../shared/limits.js'
import { logError } from '../shared/log/error-log.js'
import { redactRouteLogs } from '../shared/log/redaction.js'
import { after, isThenable } from '../shared/maybe-async.js'
import { logHandshakeHints } from './handshake-hints.js'
import { CapturedResponse } from './http/captured-response.js'
import { handshakeOf, keepCookies, keepHandshake } from './http/connect-request.js'
import { isInjected, keepForPolls, relayToReply, silenceWarning } from './http/relay-headers.js'
import { sessionIdOf } from './http/request-url.js'
import type { OriginPolicy } from './origin-policy.js'
import { refuseUpgrade, watchUpgrade } from './upgrade-response.js'

/*
 * The engine as a Fastify route: every handshake runs the whole lifecycle, onRequest to onResponse, exactly once.
 *
 * polling:   Fastify first. The route's handler asks the engine, and sends the engine's answer as its own reply.
 * WebSocket: the engine first. Once it has found the upgrade well-formed it asks `allowRequest`, which sends the
 *            request through Fastify. A refusal is Fastify's response, on the wire; an acceptance is the handler's 101,
 *            whose headers travel on the engine's.
 */

const BUNDLE = ':bundle(^socket\\.io(?:\\.esm|\\.msgpack)?(?:\\.min)?\\.js(?:\\.map)?$)'

type Respond = (raw: IncomingMessage, response: ServerResponse) => void

type AllowRequest = NonNullable<ServerOptions['allowRequest']>

/** What else the engine's routes ask. */
interface RouteEnds {
  readonly serveClient: Respond
  /** Asked when a handshake is refused. */
  readonly hasNamespaces: () => boolean
}

/** The two ends of the handshake: the engine's question, and Fastify's route. */
export interface HandshakeRoute {
  /** Given to the engine in place of the user's own, which is asked in its turn. */
  readonly allowRequest: AllowRequest
  /** Adds the engine's routes to a context, at `path` below its prefix. */
  addRoutes(instance: FastifyInstance, io: Server, path: string, ends: RouteEnds): void
  /** Refuses every handshake from now on, those under way included. */
  close(): void
}

/** `markInjected` hears of one of inject(), which has not come by way of intake.ts. */
export function createHandshakeRoute(
  route: FastifyInstance['routing'],
  { io: options, limits }: NormalOptions,
  checkOrigin: OriginPolicy,
  markInjected: (raw: IncomingMessage) => void,
): HandshakeRoute {
  const acceptedHeaders = new WeakMap<IncomingMessage, OutgoingHttpHeaders>()
  let isClosing = false

  const allowRequest: AllowRequest = (raw, answer) => {
    const request = handshakeOf(raw)
    if (request) {
      void after(askApplication(request), (refusal) => answer(refusal, refusal === null))
      return
    }
    // A poll comes through the route: one that has not is none of ours.
    if (!(raw as { upgrade?: boolean }).upgrade) return answer('Forbidden', false)
    const response = new CapturedResponse(raw)
    response.once('finish', () => {
      if (!handshakeOf(raw)) return refuseUpgrade(raw, response)
      const headers = response.endToEndHeaders
      if (Object.keys(headers).length > 0) acceptedHeaders.set(raw, headers)
      // The 101 and the engine's first packet, which comes in this turn of the event loop, are one write.
      raw.socket.cork()
      setImmediate(uncork, raw.socket)
      answer(null, true)
    })
    route(raw, response)
    if (!response.writableEnded) watchUpgrade(raw, response)
  }

  /** What the application's own allowRequest says: null, or why not. A throw is a no, and logged; a second answer is not heard. */
  function askApplication(request: FastifyRequest): string | null | Promise<string | null> {
    const { allowRequest: ask } = options
    if (!ask) return null
    return new Promise<string | null>((resolve, reject) => {
      const asked: unknown = ask(request.raw, (message, success) => resolve(success ? null : (message ?? 'Forbidden')))
      // One that is async may reject.
      if (isThenable(asked)) asked.then(undefined, reject)
    }).catch((error: unknown) => {
      logError(request.log, error, {}, 'allowRequest failed')
      return 'Forbidden'
    })
  }

  function acceptUpgrade(request: FastifyRequest, reply: FastifyReply): void | PromiseLike<void> {
    return after(askApplication(request), (refusal) => {
      if (refusal === null) keepHandshake(request.raw, request)
      if (refusal === null) reply.code(101).send()
      else reply.code(403).send({ code: 4, message: refusal }) // the engine's own words for it
    })
  }

  return {
    allowRequest,

    addRoutes(instance, io, path, { serveClient, hasNamespaces }) {
      io.engine.on('initial_headers', (headers: OutgoingHttpHeaders, raw: IncomingMessage) => {
        for (const [name, value] of Object.entries(acceptedHeaders.get(raw) ?? {})) {
          // A listener of the application sets `set-cookie`, and the engine `Set-Cookie`: all of them are sent.
          const key = name === 'set-cookie' ? 'SET-COOKIE' : name
          // engine.io writes `name: value` lines: a repeated header is one value with the break in it
          headers[key] = Array.isArray(value) ? value.join(`\r\n${name}: `) : value
        }
      })
      // A handshake that was past its hooks when the closing began.
      io.engine.on('connection', (connection: { close(discard: boolean): void }) => {
        if (isClosing) connection.close(true)
      })
      // It destroys an upgraded connection next, and with it what is not written.
      io.engine.on('connection_error', ({ req }: { req: IncomingMessage & { upgrade?: boolean } }) => {
        if (req.upgrade) uncork(req.socket)
      })

      instance.register(async (scope) => {
        logHandshakeHints(scope, hasNamespaces)
        // The engine reads bodies itself.
        scope.removeAllContentTypeParsers()
        scope.addContentTypeParser('*', (_request, _payload, done) => done(null))

        // `hide` is @fastify/swagger's word; Fastify's own types know it only when that is installed
        const hidden = { exposeHeadRoute: false, schema: { hide: true } as FastifySchema, ...redactRouteLogs(scope) }
        for (const url of [`${path}/`, path]) {
          // the stock client asks with a trailing slash; where slashes are ignored the second is the first again
          if (url === '' || scope.hasRoute({ method: 'GET', url: scope.prefix + url })) continue
          scope.route({
            ...hidden,
            // What the engine makes of a method it says itself. A CONNECT never comes to a route by the network.
            method: scope.supportedMethods.filter((name) => name !== 'CONNECT') as HTTPMethods[],
            url,
            onRequest: (request) => checkOrigin(request.raw, request),
            // The last of them: a session's Set-Cookie is there.
            onSend: ({ raw }, reply, payload, done) => {
              keepCookies(raw, reply.getHeader('set-cookie'))
              keepForPolls(raw, reply)
              done(null, payload)
            },
            handler: (request, reply) => {
              // Its client has gone meanwhile: a session would wait for it until it times out.
              if (reply.raw.destroyed) return reply.send()
              // A poll of an admitted session comes here where intake.ts did not see it: it is neither new nor one more.
              const isNew = sessionIdOf(request.raw) === ''
              if (isNew && isClosing) throw new FST_NSP_CLOSING()
              if (isNew && !isWithin(io.engine.clientsCount + 1, limits.connections)) {
                throw new FST_NSP_CONNECTIONS_LIMIT()
              }
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
