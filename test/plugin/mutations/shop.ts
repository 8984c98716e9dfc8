import type { AnyNamespaceDefinition } from '../../../plugin/index.js'

/*
 * A shop as a function of its schemas, for the mutation test.
 */

export interface Field {
  readonly schema: Readonly<Record<string, unknown>>
  readonly isOptional?: true
  /** Values that fit. Of an enum: all. */
  readonly values: readonly (string | number | boolean)[]
}

export interface Part {
  /** Who reads it: what clients send, or what they receive. */
  readonly side: 'sent' | 'received'
  readonly fields: Readonly<Record<string, Field>>
}

const text = (value: string, limits: object = {}): Field => ({ schema: { type: 'string', ...limits }, values: [value] })
const number = (value: number, limits: object = {}): Field => ({
  schema: { type: 'integer', ...limits },
  values: [value],
})
const oneOf = (...values: string[]): Field => ({ schema: { enum: values }, values })
const optional = (field: Field): Field => ({ ...field, isOptional: true })

export const SHOP = {
  auth: {
    side: 'sent',
    fields: {
      token: text('secret', { minLength: 3, maxLength: 30 }),
      role: oneOf('buyer', 'seller'),
      device: optional(text('phone', { maxLength: 20 })),
    },
  },
  payload: {
    side: 'sent',
    fields: {
      item: text('tea', { minLength: 2, maxLength: 20 }),
      quantity: number(4, { minimum: 2, maximum: 9 }),
      size: oneOf('small', 'medium', 'large'),
      note: optional(text('please', { maxLength: 40 })),
    },
  },
  reply: {
    side: 'received',
    fields: {
      id: text('order 1', { minLength: 2, maxLength: 36 }),
      total: number(12, { minimum: 2, maximum: 10_000 }),
      state: oneOf('open', 'paid', 'sent'),
      hint: optional(text('soon', { maxLength: 40 })),
    },
  },
  error: {
    side: 'received',
    fields: {
      left: number(3, { minimum: 0, maximum: 9 }),
      why: oneOf('sold', 'lost'),
      when: optional(text('Monday', { maxLength: 20 })),
    },
  },
  item: {
    side: 'received',
    fields: {
      at: number(5, { minimum: 0, maximum: 99 }),
      line: text('a line', { minLength: 1, maxLength: 80 }),
      level: optional(oneOf('info', 'error')),
    },
  },
  emit: {
    side: 'received',
    fields: {
      id: text('order 2', { minLength: 2, maxLength: 36 }),
      state: oneOf('open', 'paid'),
      total: optional(number(7, { minimum: 0 })),
    },
  },
  answer: {
    side: 'sent',
    fields: {
      price: number(5, { minimum: 1, maximum: 500 }),
      currency: oneOf('EUR', 'USD'),
      until: optional(text('Friday', { maxLength: 20 })),
    },
  },
} as const satisfies Record<string, Part>

export type PartName = keyof typeof SHOP
export type Parts = Readonly<Record<PartName, Part>>

export function schemaOf({ fields }: Part): object {
  const entries = Object.entries(fields)
  return {
    type: 'object',
    required: entries.filter(([, { isOptional }]) => !isOptional).map(([name]) => name),
    properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
  }
}

/** A value of a part, with all fields or the required ones. */
export function exampleOf({ fields }: Part, isFull = true): Record<string, unknown> {
  const entries = Object.entries(fields).filter(([, { isOptional }]) => isFull || !isOptional)
  return Object.fromEntries(entries.map(([name, { values }]) => [name, values[0]]))
}

/** The namespace. `outputs`: what it sends, by part; default: a value that fits. */
export function createShop(parts: Parts, outputs: Partial<Record<PartName, unknown>>): AnyNamespaceDefinition {
  const output = (part: PartName) => (part in outputs ? outputs[part] : exampleOf(parts[part]))
  return {
    schema: { auth: schemaOf(parts.auth) },
    emits: {
      'order:new': { payload: schemaOf(parts.emit) },
      'price:ask': { reply: schemaOf(parts.answer) },
    },
    events: {
      'order:place': {
        payload: schemaOf(parts.payload),
        examples: [exampleOf(parts.payload)],
        reply: schemaOf(parts.reply),
        errors: { SOLD_OUT: schemaOf(parts.error) },
        handler: () => output('reply'),
      },
      'order:fail': {
        errors: { SOLD_OUT: schemaOf(parts.error) },
        handler: (_payload, { error }) => {
          throw error('SOLD_OUT', output('error'))
        },
      },
      'order:tail': {
        stream: schemaOf(parts.item),
        handler: async function* () {
          yield output('item')
        },
      },
      'order:announce': {
        handler: (_payload, { emit }) => {
          emit('order:new', output('emit'))
        },
      },
      'price:get': { handler: async (_payload, { ask }) => ask('price:ask') },
    },
  } as AnyNamespaceDefinition
}
