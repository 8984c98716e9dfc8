import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ConformanceNode, ConformanceNodeSettings } from './conformance-node.js'
import { createNodeCommands } from './node-commands.js'
import { type BuildNode, createRoomOptions, observe, type RoomRecord } from './room-application.js'

/*
 * A node of the conformance suite that runs in this process.
 */

/**
 * Starts a node in this process. Its adapter lacks `processes`: it can be neither killed nor stopped.
 *
 * @param build - registers the plugin with the adapter
 * @throws what `build` and `listen()` throw
 */
export async function startLocalNode(build: BuildNode, settings: ConformanceNodeSettings): Promise<RecordedNode> {
  const record: RoomRecord = { runs: new Map(), heard: [], created: [], faults: [] }
  const app: FastifyInstance = await build(createRoomOptions(settings, record, () => app))
  await app.ready()
  observe(app, record)
  await app.listen({ port: 0, host: '127.0.0.1', exclusive: true })
  const { port } = app.server.address() as AddressInfo
  const commands = createNodeCommands(app, record)
  return {
    record,
    url: `http://127.0.0.1:${port}`,
    call: async (command, ...args) => commands[command](...(args as never[])),
    signal() {
      throw new Error('A node in this process gets no signal: declare that the adapter lacks processes')
    },
    close: () => app.close(),
  }
}

/** A node, with what it has seen. */
export interface RecordedNode extends ConformanceNode {
  readonly record: RoomRecord
}
