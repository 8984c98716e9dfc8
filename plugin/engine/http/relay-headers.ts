import { IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CapturedResponse } from './captured-response.js'
import { keepPollHeaders } from './poll-headers.js'

/*
 * What the engine answers to a polling handshake, as Fastify's reply.
 */

/** What the engine itself has set on the answer to a polling handshake. */
const engineHeaders = new WeakMap<IncomingMessage, OutgoingHttpHeaders>()

/** Keeps what the engine answers, and sends it as the reply: so onSend and onResponse see it. */
export async function relayToReply(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: (raw: IncomingMessage, response: ServerResponse) => void,
): Promise<FastifyReply> {
  const response = await new Promise<CapturedResponse>((resolve) => {
    const kept = new CapturedResponse(request.raw)
    kept.onEnd = resolve
    answer(request.raw, kept)
  })
  const { vary, ...headers } = response.endToEndHeaders
  if (vary !== undefined) reply.header('vary', [reply.getHeader('vary'), vary].flat().filter(Boolean).join(', '))
  reply.raw.statusMessage = response.statusMessage
  engineHeaders.set(request.raw, response.endToEndHeaders)
  return reply.code(response.statusCode).headers(headers).send(response.body)
}

/** Whether it is a request of inject(). */
export function isInjected(raw: object): boolean {
  return !(raw instanceof IncomingMessage)
}

/** engine.io reads `connection`, of which the request of inject() warns. */
export function silenceWarning(raw: IncomingMessage): void {
  Object.defineProperty(raw, 'connection', { value: raw.socket })
}

/** Keeps what hooks have set on the answer to a polling handshake, for the later polls of its session. */
export function keepForPolls(raw: IncomingMessage, reply: FastifyReply): void {
  const own = engineHeaders.get(raw)
  if (own) keepPollHeaders(raw, reply.getHeaders() as OutgoingHttpHeaders, own)
}
