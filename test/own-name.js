import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

/*
 * For `node --import` in tests: the examples import the plugin by its name, as users do. By package.json that is dist/; here it is
 * the source, as tsconfig.json says to TypeScript and to tsx.
 */

// The hooks themselves run in a thread of their own, and come by here once more.
if (isMainThread) register(import.meta.url)

const source = (entry) => new URL(`../plugin/${entry}.ts`, import.meta.url).href
const sources = {
  'fastify-namespaces': source('index'),
  'fastify-namespaces/client': source('client'),
  'fastify-namespaces/cluster': source('cluster'),
  'fastify-namespaces/conformance': source('conformance'),
  'fastify-namespaces/console': source('console'),
  'fastify-namespaces/contract': source('contract'),
  'fastify-namespaces/react': source('react'),
  'fastify-namespaces/stores': source('stores'),
  'fastify-namespaces/testing': source('testing'),
}

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  return Object.hasOwn(sources, specifier) ? { url: sources[specifier], shortCircuit: true } : next(specifier, context)
}
