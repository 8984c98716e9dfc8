import type { FastifyInstance } from 'fastify'
import type { Compilers } from './outgoing.js'

/*
 * What a context of Fastify has for the schemas of its namespaces.
 */

/** What Fastify calls the serializer compiler that it makes itself; it has no other mark. */
const OWN_SERIALIZER = 'bound responseSchemaCompiler'

/** in: a ready context with a connect route, which has seen to its compilers; and the name of the namespace. */
export function compilersOf(context: FastifyInstance, name: string): Compilers {
  const validator = context.validatorCompiler as NonNullable<typeof context.validatorCompiler>
  const serializer = context.serializerCompiler as NonNullable<typeof context.serializerCompiler>
  return {
    compile: (schema) => validator({ schema, method: 'CONNECT', url: name, httpPart: 'body' }),
    compileSerializer: (schema) => serializer({ schema, method: 'CONNECT', url: name, httpStatus: '200' }),
    isOwnSerializer: serializer?.name === OWN_SERIALIZER,
    added: context.getSchemas(),
  }
}
