import type { StandardSchemaV1 } from '@standard-schema/spec'

/*
 * A type where a definition wants a schema: of what only the server writes, and nobody checks.
 */

/** Stands for a type of TypeScript, as `data` of a definition. */
export type DataType<Data> = StandardSchemaV1<Data, Data>

const ANYTHING: DataType<unknown> = Object.freeze({
  '~standard': Object.freeze({
    version: 1,
    vendor: 'fastify-namespaces',
    validate: (value: unknown) => ({ value }),
  } as const),
})

/**
 * Says by a type of TypeScript what stands in `socket.data`. At run time it is a Standard Schema that takes anything.
 *
 * @example
 * const chat = defineNamespace({
 *   data: dataType<{ joinedAt: Date }>(),
 *   onConnect: ({ socket }) => {
 *     socket.data = { joinedAt: new Date() }
 *   },
 * })
 */
export function dataType<Data>(): DataType<Data> {
  return ANYTHING as DataType<Data>
}
