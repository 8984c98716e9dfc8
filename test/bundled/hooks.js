import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

/*
 * For `node --import`: what a test imports as the plugin, or as Fastify, is that of the bundle whose address is in BUNDLE.
 */

const { BUNDLE = '' } = process.env

// The hooks themselves run in a thread of their own, and come by here once more.
if (isMainThread) register(import.meta.url)

const fastify = `data:text/javascript,${encodeURIComponent(`export { Fastify as default, LogController } from '${BUNDLE}'`)}`

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  const isOurs = /\/(test|examples)\//.test(context.parentURL ?? '')
  const isPlugin = specifier === 'fastify-namespaces' || specifier.endsWith('/plugin/index.js')
  if (isOurs && isPlugin) return { url: BUNDLE, shortCircuit: true }
  if (isOurs && specifier === 'fastify') return { url: fastify, shortCircuit: true }
  return next(specifier, context)
}
