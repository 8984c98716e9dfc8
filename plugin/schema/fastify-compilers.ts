import type { FastifyInstance } from 'fastify'
import { isCertainToCompile } from './certain-to-compile.js'
import type { Compilers } from './compile.js'
import { createRefResolver } from './schema-ref.js'

/*
 * Reads the validator and serializer compilers of a Fastify context.
 */

// Options of Ajv that do not change which schemas compile.
const HARMLESS = ['coerceTypes', 'removeAdditional', 'useDefaults', 'allErrors']

/**
 * Returns the compilers of a context.
 *
 * @param context - a ready context with a connect route, for which Fastify has created the compilers
 * @param name - the name of the namespace, which Fastify's compilers receive as `url`
 */
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

/** The part of Fastify's schema controller that tells whose compilers a context has. */
interface SchemaController {
  readonly isCustomValidatorCompiler?: boolean
  readonly isCustomSerializerCompiler?: boolean
}

/**
 * Fastify has no public API for its schema controller. If the symbol is not found, the compilers count as the application's
 * own: the result is the same, but slower.
 */
function controllerOf(context: FastifyInstance): SchemaController | undefined {
  return readSymbol(context, 'fastify.schemaController') as SchemaController | undefined
}

/** Whether a context's Ajv is Fastify's own, without options or plugins that change which schemas compile. */
function hasKnownAjv(context: FastifyInstance): boolean {
  const options = readSymbol(context, 'fastify.options') as { ajv?: Record<string, unknown> } | undefined
  if (controllerOf(context)?.isCustomValidatorCompiler !== false || !options?.ajv) return false
  const { customOptions, plugins, ...others } = options.ajv
  const isUntouched = Array.isArray(plugins) && plugins.length === 0
  const unknownOptions = Object.values(others).filter((value) => value !== undefined)
  return (
    isUntouched &&
    unknownOptions.length === 0 &&
    Object.keys(Object(customOptions)).every((key) => HARMLESS.includes(key))
  )
}

/** Reads a property with a symbol key from an instance or its parents. */
function readSymbol(context: object, description: string): unknown {
  for (let at: object | null = context; at !== null; at = Object.getPrototypeOf(at)) {
    const symbol = Object.getOwnPropertySymbols(at).find((one) => one.description === description)
    if (symbol) return (at as Record<symbol, unknown>)[symbol]
  }
  return undefined
}
