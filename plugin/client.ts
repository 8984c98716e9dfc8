/*
 * The subpath export `fastify-namespaces/client`: types for front ends. It has no runtime code.
 */

export type { AuthOf, ClientSocket } from './definition/client-types.js'
