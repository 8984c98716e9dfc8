import { exampleOf, type Field, type Part, SHOP } from './shop.js'

/*
 * The code of a consumer that sends every field of the contract, and reads every field.
 */

function typeOf({ schema, values, isOptional }: Field): string {
  const type =
    schema.enum === undefined
      ? schema.type === 'integer'
        ? 'number'
        : 'string'
      : values.map((value) => `'${value}'`).join(' | ')
  return isOptional ? `${type} | undefined` : type
}

function reads(variable: string, { fields }: Part): string {
  return Object.entries(fields)
    .map(([name, field]) => `  const ${name}: ${typeOf(field)} = ${variable}.${name}\n  void ${name}\n`)
    .join('')
}

/** Literals that together have every field, leave out every optional one, and have every value of each enum. */
function literals(part: Part): string[] {
  const full = exampleOf(part)
  const others = Object.entries(part.fields).flatMap(([name, { values }]) =>
    values.slice(1).map((value) => ({ ...full, [name]: value })),
  )
  return [full, exampleOf(part, false), ...others].map((value) => JSON.stringify(value))
}

export const CONSUMER = `import { createClient } from 'fastify-namespaces/client'
import type { Definitions } from './api.js'

const client = createClient<Definitions>('http://localhost')
const shop = client.join('/shop')
${literals(SHOP.auth)
  .map((auth) => `client.join('/shop', {}, { auth: ${auth} })\n`)
  .join('')}
export async function place() {
${literals(SHOP.payload)
  .map((payload) => `  await shop.call('order:place', ${payload})\n`)
  .join('')}
  const reply = await shop.call('order:place', ${literals(SHOP.payload)[0]})
${reads('reply', SHOP.reply)}}

export async function fail() {
  try {
    await shop.call('order:fail')
  } catch (error) {
    if (!shop.isErrorOf('order:fail', error) || error.code !== 'SOLD_OUT') throw error
    const { details } = error
  ${reads('details', SHOP.error)}  }
}

export async function tail() {
  for await (const item of shop.stream('order:tail')) {
  ${reads('item', SHOP.item)}  }
}

shop.on('order:new', (order) => {
${reads('order', SHOP.emit)}})
${literals(SHOP.answer)
  .map((answer) => `shop.on('price:ask', (reply) => reply(${answer}))\n`)
  .join('')}`
