import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

/*
 * For `node --import` in tests: the examples import the plugin by its name, as users do. By package.json that is dist/; here it is
 * the source, as tsconfig.json says to TypeScript and to tsx.
 */

// The hooks themselves run in a thread of their own, and come by here once more.
if (isMainThread) register(import.meta.url)

const sources = {
  'fastify-namespaces': new URL('../plugin/index.ts', import.meta.url).href,
  'fastify-namespaces/client': new URL('../plugin/client.ts', import.meta.url).href,
  'fastify-namespaces/react': new URL('../plugin/react.ts', import.meta.url).href,
  'fastify-namespaces/testing': new URL('../plugin/testing.ts', import.meta.url).href,
}

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  return Object.hasOwn(sources, specifier) ? { url: sources[specifier], shortCircuit: true } : next(specifier, context)
}
