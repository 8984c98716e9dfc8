import { IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CapturedResponse } from './captured-response.js'
import { keepPollHeaders } from './poll-headers.js'

/*
 * Sends the engine's response to a polling handshake as Fastify's reply, and keeps the headers that hooks add to it.
 */

/** The headers that the engine itself has set on the response to a polling handshake. */
const engineHeaders = new WeakMap<IncomingMessage, OutgoingHttpHeaders>()

/** Captures the engine's response and sends it as the reply, so that onSend and onResponse hooks see it. */
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

/** Whether a raw request comes from inject(). */
export function isInjected(raw: object): boolean {
  return !(raw instanceof IncomingMessage)
}

/** engine.io reads `connection`; in a request of inject() that property would log a deprecation warning. */
export function silenceWarning(raw: IncomingMessage): void {
  Object.defineProperty(raw, 'connection', { value: raw.socket })
}

/** Keeps the headers that hooks have set on the response to a polling handshake, for the later polls of its engine session. */
export function keepForPolls(raw: IncomingMessage, reply: FastifyReply): void {
  const own = engineHeaders.get(raw)
  if (own) keepPollHeaders(raw, reply.getHeaders() as OutgoingHttpHeaders, own)
}
