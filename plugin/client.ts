/*
 * For front ends: types only, nothing of it is left at run time.
 */

export type { AuthOf, ClientSocket } from './definition/client-types.js'
