import type { AnySchema } from '../../../schema/schema.js'
import type { Prose } from '../../contract/description.js'
import { PROSE_KEYS, readExamples, readProse } from '../read-prose.js'
import { readObject, readSchema } from '../read-value.js'
import { type NormalRetain, readRetain } from './read-retain.js'
import { type NormalWaiting, readWaiting, WAITING_KEYS } from './read-waiting.js'

/*
 * Reads an emit.
 */

export interface NormalEmit extends NormalWaiting {
  readonly payload: AnySchema | undefined
  readonly reply: AnySchema | undefined
  readonly prose: Prose
  readonly examples: readonly unknown[] | undefined
  /** Undefined: its values are not kept. */
  readonly retain: NormalRetain | undefined
}

const EMIT_KEYS = ['payload', 'reply', ...WAITING_KEYS, 'retain', ...PROSE_KEYS, 'examples']

export function readEmit(value: unknown, path: string): NormalEmit {
  const source = readObject(value, path, EMIT_KEYS)
  return {
    payload: readSchema(source.payload, `${path}.payload`),
    reply: readSchema(source.reply, `${path}.reply`),
    ...readWaiting(source, path),
    retain: readRetain(source, path),
    prose: readProse(source, path),
    examples: readExamples(source, path),
  }
}
