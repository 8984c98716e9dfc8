import type { SchemaDescription } from '../definition/contract/description.js'
import type { DocumentParameter } from '../definition/contract/document-types.js'
import { partsOf } from '../definition/namespace-name.js'
import { isPlainObject } from '../schema/schema-ref.js'

/*
 * A namespace's name as AsyncAPI writes it: `/orgs/{orgId}` and its parameters.
 */

interface AddressExpression {
  readonly address: string
  readonly parameters?: Readonly<Record<string, DocumentParameter>>
}

const WILDCARD = 'wildcard'

/** @param params - the schema of the params */
export function toAddressExpression(name: string, params: SchemaDescription | undefined): AddressExpression {
  const parameters = new Map<string, DocumentParameter>()
  const address = partsOf(name).map((part) => {
    // A brace of the name itself is written as a client may write it in an address.
    if (typeof part === 'string') return part.replaceAll('{', '%7B').replaceAll('}', '%7D')
    const id = part.parameter === '*' ? WILDCARD : part.parameter
    parameters.set(id, describeParameter(part.parameter, part.constraint, params))
    return `{${id}}`
  })
  return {
    address: address.join(''),
    ...(parameters.size > 0 && { parameters: Object.fromEntries(parameters) }),
  }
}

/** The params of a document are texts: a number or a boolean becomes one. */
function describeParameter(name: string, constraint: string, params: SchemaDescription | undefined): DocumentParameter {
  const { properties } = Object(params?.jsonSchema) as { readonly properties?: Readonly<Record<string, unknown>> }
  const schema = isPlainObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined
  const { description, enum: values, default: standard, examples } = Object(schema) as Record<string, unknown>
  return {
    ...(typeof description === 'string' && { description }),
    ...(Array.isArray(values) && { enum: values.map(String) }),
    ...(standard !== undefined && { default: String(standard) }),
    ...(Array.isArray(examples) && { examples: examples.map(String) }),
    ...(constraint !== '' && { 'x-socketio': { constraint } }),
  }
}
