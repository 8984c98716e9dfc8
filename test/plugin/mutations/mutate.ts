import { createRandom } from '../random.js'
import { type Field, type Part, type PartName, type Parts, SHOP } from './shop.js'

/*
 * Random changes of one field of one schema.
 */

export interface Mutation {
  readonly name: string
  readonly part: PartName
  readonly parts: Parts
  /** Whether a client that was compiled for the old contract compiles for the new one. */
  readonly compiles: boolean
  /** Whether it breaks clients at run time; undefined where that is not clear-cut. */
  readonly breaks: boolean | undefined
}

/** The changed fields, and what the change means for each side; undefined if the field can't be changed so. */
type Change = (name: string, field: Field) => Changed | undefined
interface Changed {
  readonly fields: Readonly<Record<string, Field>>
  readonly compiles: Readonly<Record<Part['side'], boolean>>
  readonly breaks: Readonly<Record<Part['side'], boolean | undefined>>
}

const BOTH = { sent: true, received: true }
const NEITHER = { sent: false, received: false }

const CHANGES: Readonly<Record<string, Change>> = {
  remove: (name) => ({
    fields: { [name]: undefined as never },
    compiles: NEITHER,
    breaks: { sent: undefined, received: undefined },
  }),
  rename: (name, field) => ({
    fields: { [name]: undefined as never, [`${name}2`]: field },
    compiles: NEITHER,
    breaks: { sent: field.isOptional ? undefined : true, received: field.isOptional ? undefined : true },
  }),
  retype: (name, { schema, isOptional }) => {
    const other =
      schema.type === 'integer'
        ? { schema: { type: 'string' }, values: ['7'] }
        : { schema: { type: 'boolean' }, values: [true] }
    return { fields: { [name]: { ...other, ...(isOptional && { isOptional }) } }, compiles: NEITHER, breaks: BOTH }
  },
  require: (name, { isOptional, ...field }) =>
    isOptional && {
      fields: { [name]: field },
      compiles: { sent: false, received: true },
      breaks: { sent: true, received: false },
    },
  unrequire: (name, field) =>
    field.isOptional
      ? undefined
      : {
          fields: { [name]: { ...field, isOptional: true } },
          compiles: { sent: true, received: false },
          breaks: { sent: false, received: true },
        },
  'add to the enum of': (name, { values, schema, ...field }) =>
    schema.enum === undefined
      ? undefined
      : {
          fields: { [name]: { ...field, values: [...values, 'other'], schema: { enum: [...values, 'other'] } } },
          compiles: { sent: true, received: false },
          breaks: { sent: false, received: true },
        },
  'take from the enum of': (name, { values, schema, ...field }) =>
    schema.enum === undefined
      ? undefined
      : {
          fields: { [name]: { ...field, values: values.slice(0, -1), schema: { enum: values.slice(0, -1) } } },
          compiles: { sent: false, received: true },
          breaks: { sent: true, received: false },
        },
  tighten: (name, field) => limit(name, field, 1),
  widen: (name, field) => limit(name, field, -1),
  'add an optional field beside': (name) => ({
    fields: { [`${name}Extra`]: { schema: { type: 'string' }, values: ['more'], isOptional: true } },
    compiles: BOTH,
    breaks: { sent: undefined, received: undefined },
  }),
  'add a required field beside': (name) => ({
    fields: { [`${name}Extra`]: { schema: { type: 'string' }, values: ['more'] } },
    compiles: { sent: false, received: true },
    breaks: { sent: true, received: undefined },
  }),
}

/** Moves one limit of a field by one. */
function limit(name: string, field: Field, by: 1 | -1): Changed | undefined {
  const [key, value] = Object.entries(field.schema).findLast(([, one]) => typeof one === 'number') ?? []
  if (key === undefined) return undefined
  const moved = Number(value) + (key.startsWith('max') ? -by : by)
  if (moved < 0) return undefined
  const isTighter = by === 1
  return {
    fields: { [name]: { ...field, schema: { ...field.schema, [key]: moved } } },
    compiles: BOTH,
    breaks: { sent: isTighter, received: !isTighter },
  }
}

/** As many different mutations as asked for, always the same ones for a seed. */
export function createMutations(count: number, seed: number): Mutation[] {
  const random = createRandom(seed)
  const found = new Map<string, Mutation>()
  while (found.size < count) {
    const part = random.pick(Object.keys(SHOP) as PartName[])
    const { side, fields }: Part = SHOP[part]
    const [name, field] = random.pick(Object.entries(fields))
    const kind = random.pick(Object.keys(CHANGES))
    const changed = CHANGES[kind]?.(name, field)
    if (!changed) continue
    const all = Object.entries({ ...fields, ...changed.fields }).filter(([, one]) => one !== undefined)
    const title = `${kind} ${part}.${name}`
    found.set(title, {
      name: title,
      part,
      parts: { ...SHOP, [part]: { side, fields: Object.fromEntries(all) } },
      compiles: changed.compiles[side],
      breaks: changed.breaks[side],
    })
  }
  return [...found.values()]
}
