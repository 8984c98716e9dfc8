import createError from '@fastify/error'

/*
 * The errors of tests: thrown by app.injectSocket(), its clients, and checkContract().
 */

export const FST_NSP_CLIENT_MISSING = createError(
  'FST_NSP_CLIENT_MISSING',
  'injectSocket() needs socket.io-client, which is not installed: npm install --save-dev socket.io-client',
  500,
)
export const FST_NSP_CLIENT_DISCONNECTED = createError<[address: string, reason: string, name: string]>(
  'FST_NSP_CLIENT_DISCONNECTED',
  'The client of %s has disconnected (%s): no more %s will arrive',
  500,
)
export const FST_NSP_SAMPLER_MISSING = createError(
  'FST_NSP_SAMPLER_MISSING',
  'Samples of schemas need openapi-sampler, which is not installed: npm install --save-dev openapi-sampler',
  500,
)
