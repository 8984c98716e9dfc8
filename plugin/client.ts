/*
 * The subpath `fastify-namespaces/client`: types for front ends, without code at run time.
 */

export type { AuthOf, ClientSocket } from './definition/client-types.js'
