import { createRequire } from 'node:module'
import { Ajv } from 'ajv'

/*
 * The Ajv of those who bring none: with the formats of Fastify's, so that the same is checked in every contender.
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
