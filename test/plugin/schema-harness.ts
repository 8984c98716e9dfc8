import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { type Compilers, compileOutgoing } from '../../plugin/schema/compile.js'
import { compilersOf } from '../../plugin/schema/fastify-compilers.js'
import type { CompileSerializer } from '../../plugin/schema/stringify.js'

/*
 * Shared by the tests of schemas: the compilers of a context, and their errors.
 */

/** The compilers of a context that has a route with a schema. */
export async function contextCompilers(
  t: Test,
  server: FastifyServerOptions = {},
  prepare: (app: FastifyInstance) => unknown = () => {},
): Promise<Compilers> {
  const app: FastifyInstance = Fastify(server)
  t.teardown(() => app.close())
  await prepare(app)
  app.get('/', { schema: { querystring: { type: 'object' }, response: {} } }, async () => 1)
  await app.ready()
  return compilersOf(app, '/x')
}

/** Compiles a schema completely: check, copy and writer, which normally wait for their first use. Throws what any of them throws. */
export function compileWhole(schema: object | boolean, compilers: Compilers): void {
  let problem: unknown
  const compileSerializer: CompileSerializer = (written) => {
    try {
      return compilers.compileSerializer(written)
    } catch (error) {
      problem = error
      throw error
    }
  }
  const { write } = compileOutgoing(schema, { ...compilers, compileSerializer, isCertain: () => false })
  write?.({})
  if (problem) throw problem
}

/** Ajv logs what it does not like about schemas that it accepts. */
export function silence(t: Test): void {
  const { warn, error } = console
  t.teardown(() => Object.assign(console, { warn, error }))
  Object.assign(console, { warn: () => {}, error: () => {} })
}
