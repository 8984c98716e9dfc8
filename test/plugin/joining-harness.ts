import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import type { AnyNamespaceDefinition } from '../../plugin/index.js'
import { build, join, listen, next } from './harness.js'

/** The data of a connect_error. */
export interface Told {
  readonly message: string
  readonly data: { code: string; statusCode: number; details?: unknown }
}

/** Serves one definition at /chat; returns the refusal of a join, and undefined if it is admitted. */
export async function serveChat(
  t: Test,
  definition: AnyNamespaceDefinition,
  {
    prepare,
    declare,
    server,
    ...options
  }: {
    prepare?: (app: FastifyInstance) => unknown
    declare?: (app: FastifyInstance) => unknown
    server?: FastifyServerOptions
    admissionTimeoutMs?: number
  } = {},
) {
  const lines: Record<string, unknown>[] = []
  const logger = { level: 'debug', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
  const namespaces = { '/chat': definition }
  const app = await build(t, { ...options, namespaces }, prepare, { logger, ...server } as FastifyServerOptions)
  await declare?.(app)
  const url = `http://127.0.0.1:${await listen(app)}`
  const ask = async (auth: object = {}, name = '/chat', more: object = {}): Promise<Told | undefined> => {
    const socket = join(t, url, name, { transports: ['websocket'], auth, ...more })
    return next(socket, 'connect').then(
      () => undefined,
      ({ message, data }) => ({ message, data }),
    )
  }
  return { app, url, lines, ask }
}
