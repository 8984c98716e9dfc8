import { createRequire } from 'node:module'
import { Ajv } from 'ajv'

/*
 * Creates an Ajv for contenders without a validator, with the formats of Fastify's, so that every contender checks the same.
 */

const require = createRequire(import.meta.url)
const ofFastify = createRequire(require.resolve('fastify'))
const ofCompiler = createRequire(ofFastify.resolve('@fastify/ajv-compiler'))
const addFormats = ofCompiler('ajv-formats') as (ajv: Ajv) => Ajv

export function createAjv(): Ajv {
  const ajv = new Ajv()
  addFormats(ajv)
  return ajv
}
