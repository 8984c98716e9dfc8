import createError from '@fastify/error'

/*
 * The errors of the console, thrown by register().
 */

export const FST_NSP_NOT_REGISTERED = createError(
  'FST_NSP_NOT_REGISTERED',
  'fastify-namespaces is not registered for this context: register it before fastify-namespaces/console',
  500,
)
export const FST_NSP_STATIC_MISSING = createError(
  'FST_NSP_STATIC_MISSING',
  'The console needs @fastify/static, which is not installed: npm install @fastify/static',
  500,
)
export const FST_NSP_CONSOLE_MISSING = createError<[folder: string]>(
  'FST_NSP_CONSOLE_MISSING',
  'The files of the console are not in %s: in a clone, run npm run build:console; in a bundle, copy the folder dist/console of fastify-namespaces and set baseDir',
  500,
)
