/*
 * The subpath export `fastify-namespaces/contract`: contracts without handlers. It imports neither Fastify nor Socket.IO.
 */

export { type DefinedContract, defineContract, type NamespaceContract } from './definition/contract/define-contract.js'
export { type ContractHashOptions, contractHash } from './definition/contract/hash-of-contract.js'
export { type DataType, dataType } from './definition/data-type.js'
export { Binary, type BinaryOptions, type BinarySchema } from './schema/binary/binary-keyword.js'
export type { None } from './schema/schema.js'
