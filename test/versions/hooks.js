import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

/*
 * For `node --import`: what a test imports as the plugin is the installed package.
 */

// The hooks themselves run in a thread of their own, and come by here once more.
if (isMainThread) register(import.meta.url)

const ENTRIES = {
  index: 'fastify-namespaces',
  client: 'fastify-namespaces/client',
  conformance: 'fastify-namespaces/conformance',
  console: 'fastify-namespaces/console',
  contract: 'fastify-namespaces/contract',
  react: 'fastify-namespaces/react',
  stores: 'fastify-namespaces/stores',
  testing: 'fastify-namespaces/testing',
}

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  const [, entry] =
    /\/plugin\/(index|client|conformance|console|contract|react|stores|testing)\.[jt]s$/.exec(specifier) ?? []
  const isOurs = /\/(test|examples)\//.test(context.parentURL ?? '')
  return next(entry && isOurs ? ENTRIES[entry] : specifier, context)
}
