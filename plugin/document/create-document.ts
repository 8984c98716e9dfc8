import type { ServerDescription } from '../definition/contract/description.js'
import type { AsyncApiDocument } from '../definition/contract/document-types.js'
import { DOCUMENT_DEFAULTS, type NormalDocumentOptions } from '../definition/normalize/document-options.js'
import { deepFreeze } from '../shared/deep-freeze.js'
import { publish } from './published.js'
import { renderDocument } from './render-document.js'

/** The document and the manifest of a server, each rendered by its first reader. */
export interface Document {
  readonly asyncapi: AsyncApiDocument
  readonly json: string
  /** A promise, because the package `yaml` is loaded by its first reader: it would take as long to load as half of Fastify. */
  readonly yaml: Promise<string>
  /** The description of what is not hidden. */
  readonly manifest: string
}

/**
 * @param describe - returns the description
 * @param isComplete - whether all is declared: before, nothing is kept
 * @param options - undefined if the document is not served
 */
export function createDocument(
  describe: () => ServerDescription,
  isComplete: () => boolean,
  options: NormalDocumentOptions = DOCUMENT_DEFAULTS,
): Document {
  function once<Value>(make: () => Value): () => Value {
    let made: { readonly value: Value } | undefined
    return () => {
      if (made) return made.value
      const value = make()
      if (isComplete()) made = { value }
      return value
    }
  }

  const published = once(() => publish(describe(), options))
  const asyncapi = once(() => {
    const rendered = renderDocument(published(), options)
    return deepFreeze(options.transformObject ? options.transformObject(rendered) : rendered)
  })
  const json = once(() => JSON.stringify(asyncapi()))
  const yaml = once(async () => {
    const { stringify } = await import('yaml')
    return stringify(JSON.parse(json()), { lineWidth: 0, aliasDuplicateObjects: false })
  })
  const manifest = once(() => JSON.stringify(published()))
  return {
    get asyncapi() {
      return asyncapi()
    },
    get json() {
      return json()
    },
    get yaml() {
      return yaml()
    },
    get manifest() {
      return manifest()
    },
  }
}
