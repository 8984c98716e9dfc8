import type { StandardSchemaV1 } from '@standard-schema/spec'

/*
 * `dataType()`, a TypeScript type in place of a schema, for values that only the server writes.
 */

/** The result of `dataType()`. */
export type DataType<Data> = StandardSchemaV1<Data, Data>

const ANYTHING: DataType<unknown> = Object.freeze({
  '~standard': Object.freeze({
    version: 1,
    vendor: 'fastify-namespaces',
    validate: (value: unknown) => ({ value }),
  } as const),
})

/**
 * Types `socket.data` with a TypeScript type, as `data` of a definition. At run time it is a Standard Schema that accepts any
 * value.
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
