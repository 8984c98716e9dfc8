import type { FastifyInstance } from 'fastify'
import type { Document } from './create-document.js'

// A decorator, so that contexts below have it, too.
const DOCUMENT = Symbol('fastify-namespaces.document')

/** Keeps the document of an instance, for the console. */
export function keepDocument(instance: FastifyInstance, document: Document): void {
  instance.decorate(DOCUMENT, document)
}

/** The document of the plugin that is registered for this context; undefined if there is none. */
export function documentOf(instance: FastifyInstance): Document | undefined {
  return (instance as { readonly [DOCUMENT]?: Document })[DOCUMENT]
}
