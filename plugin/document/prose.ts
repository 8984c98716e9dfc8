import type { Prose } from '../definition/contract/description.js'
import { hasReference } from './schemas/document-keywords.js'

/** What people read, in the words of AsyncAPI. */
export function toDocumentProse({ summary, description, tags = [] }: Prose) {
  return {
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    // AsyncAPI refuses a tag twice.
    ...(tags.length > 0 && { tags: [...new Set(tags)].map((name) => ({ name })) }),
  }
}

/** The examples of a message, and whether it is deprecated. An example with a key `$ref` is left out: readers would follow it. */
export function toMessageProse({ deprecated, examples = [] }: Prose & { readonly examples?: readonly unknown[] }) {
  const shown = examples.filter((example) => !hasReference(example))
  return {
    ...(deprecated === true && { deprecated }),
    ...(shown.length > 0 && { examples: shown.map((payload) => ({ payload })) }),
  }
}
