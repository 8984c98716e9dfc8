import type { JsonSchema } from '../../../plugin/definition/contract/description.js'
import type { SharedSchemas } from '../../catalog/schema-place.js'

/** What samples of a payload are made of. */
export interface SampleSource {
  readonly schema: JsonSchema | undefined
  readonly shared: SharedSchemas
  readonly examples?: readonly unknown[] | undefined
}

/** A sample of a payload as text: each example in its turn, then one that is made from the schema. */
export async function sampleText({ schema, examples = [] }: SampleSource, turn = 0): Promise<string> {
  const value = examples[turn % examples.length] ?? (schema === undefined ? undefined : {})
  return value === undefined ? '' : JSON.stringify(value, null, 2)
}
