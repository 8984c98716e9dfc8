/*
 * Values that the page watches and sets: those of the client.
 */

export { createReadable as createWritable, type Readable, type Writable } from '../../plugin/client/readable.js'
