import type { JsonSchema } from '../../../plugin/definition/contract/description.js'
import type { SharedSchemas } from '../../catalog/schema-place.js'

/** What samples of a payload are made of. */
export interface SampleSource {
  readonly schema: JsonSchema | undefined
  readonly shared: SharedSchemas
  readonly examples?: readonly unknown[] | undefined
}

/** A sample of a payload as text: each example in its turn, then one that is made from the schema. */
export async function sampleText({ schema, shared, examples = [] }: SampleSource, turn = 0): Promise<string> {
  const index = turn % (examples.length + (schema === undefined ? 0 : 1))
  const value = index < examples.length ? examples[index] : await made(schema, shared)
  return value === undefined ? '' : JSON.stringify(value, null, 2)
}

async function made(schema: JsonSchema | undefined, shared: SharedSchemas): Promise<unknown> {
  if (schema === undefined) return undefined
  const { sampleOf } = await import('../../catalog/schema-sample.js')
  return sampleOf(schema, shared)
}
