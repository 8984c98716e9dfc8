/*
 * The message that is sent, of 264 bytes, with its schema and the schema of the reply; and the item of a stream, of 100 bytes. Servers
 * and loads share them.
 */

/** How many different messages there are. All have the same length. */
export const VARIANTS = 16

const MESSAGE_BYTES = 264
const ITEM_BYTES = 100
/** How many items a stream has. */
export const ITEMS = 1_000

export interface Message {
  readonly id: string
  readonly room: string
  readonly author: string
  readonly text: string
  readonly sentAt: string
  readonly tags: string[]
}

export const messageSchema = {
  type: 'object',
  properties: {
    id: { type: 'string', minLength: 1, maxLength: 32 },
    room: { type: 'string', minLength: 1, maxLength: 64 },
    author: { type: 'string', minLength: 1, maxLength: 64 },
    text: { type: 'string', minLength: 1, maxLength: 500 },
    sentAt: { type: 'string', format: 'date-time' },
    tags: { type: 'array', items: { type: 'string', maxLength: 24 }, maxItems: 8 },
  },
  required: ['id', 'room', 'author', 'text', 'sentAt'],
  additionalProperties: false,
} as const

export const replySchema = {
  type: 'object',
  properties: { id: { type: 'string' }, ok: { type: 'boolean' } },
  required: ['id', 'ok'],
  additionalProperties: false,
} as const

/** Creates a message; `index` counts modulo VARIANTS. */
export function createMessage(index: number): Message {
  const number = String(index % VARIANTS).padStart(4, '0')
  const message = {
    id: `01JGQ8M4Z6T7V9${number}`,
    room: 'general',
    author: 'ada.lovelace',
    text: '',
    sentAt: `2025-01-01T12:00:00.${number.slice(1)}Z`,
    tags: ['engine', 'analysis'],
  }
  const missing = MESSAGE_BYTES - JSON.stringify(message).length
  const text = `The Analytical Engine weaves algebraic patterns, number ${number}. `.repeat(5)
  return { ...message, text: text.slice(0, missing) }
}

/** A message that every contender must refuse: its text is too long, and it has no author. */
export function createInvalidMessage(): object {
  const { author: _, ...rest } = createMessage(0)
  return { ...rest, text: 'x'.repeat(501) }
}

/** Where a cursor is. */
export interface Point {
  readonly x: number
  readonly y: number
}

export const pointSchema = {
  type: 'object',
  properties: { x: { type: 'number' }, y: { type: 'number' } },
  required: ['x', 'y'],
  additionalProperties: false,
} as const

/** Creates a point; `index` counts modulo VARIANTS, and is `y` without its first ten. */
export function createPoint(index: number): Point {
  return { x: 512.25, y: 10 + (index % VARIANTS) }
}

export interface Item {
  readonly seq: number
  readonly level: string
  readonly line: string
}

export const itemSchema = {
  type: 'object',
  properties: {
    seq: { type: 'integer', minimum: 0 },
    level: { type: 'string', maxLength: 10 },
    line: { type: 'string', maxLength: 500 },
  },
  required: ['seq', 'level', 'line'],
  additionalProperties: false,
} as const

/** Creates an item; `index` counts modulo VARIANTS. */
export function createItem(index: number): Item {
  const item = { seq: 10 + (index % VARIANTS), level: 'info', line: '' }
  const missing = ITEM_BYTES - JSON.stringify(item).length
  return { ...item, line: `request ${item.seq} `.repeat(10).slice(0, missing) }
}
