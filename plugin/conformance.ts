/*
 * The subpath export `fastify-namespaces/conformance`: what an adapter must do, as tests for any test runner.
 */

export type { Ability, ConformanceBroker } from './conformance/check.js'
export type { ConformanceNode, ConformanceNodeSettings, NodeCommand } from './conformance/conformance-node.js'
export { type RecordedNode, startLocalNode } from './conformance/local-node.js'
export { connectNode, nodeEnvironment, serveNode } from './conformance/node-process.js'
export type { BuildNode } from './conformance/room-application.js'
export { type ConformanceSetup, type DeclareTest, testConformance } from './conformance/run-conformance.js'
