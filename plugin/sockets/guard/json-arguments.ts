import { FST_NSP_EMIT_INVALID } from '../../shared/errors.js'
import { toSendable } from '../../shared/json-value.js'
import { mapError } from '../../shared/maybe-async.js'

/**
 * The arguments of an emit as JSON represents them, so that every node receives the same.
 *
 * @throws FST_NSP_EMIT_INVALID for a value that JSON can't represent
 */
export function toJsonArguments(namespace: string, event: string, args: unknown[]): unknown[] {
  return mapError(
    () => args.map(toSendable),
    (error) => {
      throw new FST_NSP_EMIT_INVALID(event, namespace, (error as Error).message)
    },
  ) as unknown[]
}
