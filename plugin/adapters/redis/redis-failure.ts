import { isCoded } from '../../shared/errors.js'
import { FST_NSP_BROKER_UNREACHABLE } from '../broker-errors.js'
import { remedyOf } from '../permanent-failure.js'

/*
 * Errors of Redis clients, made fit for a log. An error of ioredis has the command that failed with its arguments, e.g. those of AUTH;
 * and the message of a server that does not know a command quotes them.
 */

/** A new error with the message and the code only. `secrets` are blanked. */
export function toFailure(error: unknown, secrets: readonly string[]): Error {
  const { message, code, errors } = Object(error) as { message?: unknown; code?: unknown; errors?: unknown }
  // An AggregateError, of a name with several addresses, has no message.
  const first: unknown = Array.isArray(errors) ? Object(errors[0]).message : undefined
  let text = String(message || first || code || error).replace(/, with args beginning with.*/s, '')
  for (const secret of secrets) text = text.replaceAll(secret, '***')
  return Object.assign(new Error(text), typeof code === 'string' && { code })
}

/** The passwords of a client's options, with those of its nodes. */
export function secretsOf(options: unknown): string[] {
  const found: string[] = []
  const visit = (value: unknown, depth: number) => {
    for (const [name, inner] of Object.entries(Object(value))) {
      if (/password/i.test(name) && typeof inner === 'string' && inner !== '') found.push(inner)
      else if (typeof inner === 'object' && depth > 0) visit(inner, depth - 1)
    }
  }
  visit(options, 3)
  return found
}

/** The error of a boot that has failed. */
export function toUnreachable(error: unknown, secrets: readonly string[]): Error {
  if (isCoded(error)) return error as Error
  return new FST_NSP_BROKER_UNREACHABLE(
    'redis',
    `can not be used (${toFailure(error, secrets).message})`,
    remedyOf(error),
  )
}
