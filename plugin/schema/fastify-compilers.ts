import type { FastifyInstance } from 'fastify'
import { isCertainToCompile } from './certain-to-compile.js'
import type { Compilers } from './compile.js'
import { createRefResolver } from './schema-ref.js'

/*
 * What a context of Fastify has for the schemas of its namespaces.
 */

// Options of Ajv that change what a check does, and not what compiles.
const HARMLESS = ['coerceTypes', 'removeAdditional', 'useDefaults', 'allErrors']

/** in: a ready context with a connect route, which has seen to its compilers; and the name of the namespace. */
export function compilersOf(context: FastifyInstance, name: string): Compilers {
  const validator = context.validatorCompiler as NonNullable<typeof context.validatorCompiler>
  const serializer = context.serializerCompiler as NonNullable<typeof context.serializerCompiler>
  const resolveRef = createRefResolver(context.getSchemas())
  const isKnown = hasKnownAjv(context)
  return {
    compile: (schema) => validator({ schema, method: 'CONNECT', url: name, httpPart: 'body' }),
    isCertain: (schema) => isKnown && isCertainToCompile(schema, resolveRef),
    compileSerializer: (schema) => serializer({ schema, method: 'CONNECT', url: name, httpStatus: '200' }),
    isOwnSerializer: controllerOf(context)?.isCustomSerializerCompiler === false,
    resolveRef,
  }
}

/** Whose compilers a context has. */
interface SchemaController {
  readonly isCustomValidatorCompiler?: boolean
  readonly isCustomSerializerCompiler?: boolean
}

/**
 * Fastify has no public word for it: where its symbol is not found, the compilers are taken for the application's own,
 * and all is right but slower.
 */
function controllerOf(context: FastifyInstance): SchemaController | undefined {
  return inner(context, 'fastify.schemaController') as SchemaController | undefined
}

/** Whether a context's Ajv is Fastify's own, with nothing added that would change what it takes for a schema. */
function hasKnownAjv(context: FastifyInstance): boolean {
  const options = inner(context, 'fastify.options') as { ajv?: Record<string, unknown> } | undefined
  if (controllerOf(context)?.isCustomValidatorCompiler !== false || !options?.ajv) return false
  const { customOptions, plugins, ...others } = options.ajv
  const isUntouched = Array.isArray(plugins) && plugins.length === 0
  const strangers = Object.values(others).filter((value) => value !== undefined)
  return (
    isUntouched && strangers.length === 0 && Object.keys(Object(customOptions)).every((key) => HARMLESS.includes(key))
  )
}

/** What an instance, or one around it, has under a symbol. */
function inner(context: object, description: string): unknown {
  for (let at: object | null = context; at !== null; at = Object.getPrototypeOf(at)) {
    const symbol = Object.getOwnPropertySymbols(at).find((one) => one.description === description)
    if (symbol) return (at as Record<symbol, unknown>)[symbol]
  }
  return undefined
}
