/*
 * For front ends: types only, nothing of it is left at run time.
 */

export type { AuthOf, ClientSocket } from './client-socket.js'
