import type { EventDescription, JsonSchema } from '../../definition/contract/description.js'
import { fromJson } from '../../samples/bundle-schema.js'
import { createInvalidVariants, type Variant } from '../../samples/invalid-variants.js'
import type { Sample } from '../../samples/sampler.js'
import { createValidVariants } from '../../samples/valid-variants.js'
import type { MakeClaim } from './contract-results.js'
import { readDescribed, type SampledSchema } from './described-schema.js'
import type { Answer, CallEvent } from './event-caller.js'

/*
 * Checks one event: valid payloads are accepted and answered by the schemas, invalid ones are refused.
 */

export interface EventCheck {
  /** Namespace and event, for the names of results. */
  readonly name: string
  readonly event: string
  /** What the consumer knows of the event. */
  readonly description: EventDescription
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly sample: Sample
  readonly call: CallEvent
  readonly claim: MakeClaim
  /** Whether valid payloads are not sent. */
  readonly isSkipped: boolean
  /** Whether the server has exactly this contract. If not, it may accept more. */
  readonly isOwn: boolean
}

interface Value {
  readonly name: string
  readonly value: unknown
}

export async function checkEvent(check: EventCheck): Promise<void> {
  const { name, description, schemas, sample, claim, isSkipped, isOwn } = check
  const payload = readDescribed(description.payload, schemas)
  const values = valuesOf(description, payload, sample)
  for (const [index, example] of (description.examples ?? []).entries()) {
    claim(`${name} example ${index + 1} fits`, payload?.fits(example))
  }
  if (values.length === 0) return claim(`${name} has a payload to send`, missing(description.payload?.vendor))
  const [{ value: base }] = values as [Value]
  if (!isSkipped)
    await acceptAll(check, [...values, ...(payload ? createValidVariants(payload.bundle, base, sample) : [])])
  if (isOwn && payload) await refuseAll(check, createInvalidVariants(payload.bundle, base))
}

/** The examples that fit; without any, samples of the schema; without a schema, nothing. */
function valuesOf(
  { payload, examples = [] }: EventDescription,
  schema: SampledSchema | undefined,
  sample: Sample,
): Value[] {
  const given = examples.filter((example) => schema?.fits(example) === undefined)
  if (given.length > 0) return given.map((value, index) => ({ name: `example ${index + 1}`, value }))
  if (schema) return sample(schema.bundle).map((value, index) => ({ name: `sample ${index + 1}`, value }))
  return payload ? [] : [{ name: 'no payload', value: undefined }]
}

function missing(vendor: string | undefined): string {
  const why = vendor === undefined ? 'no sample fits its schema' : `${vendor} can not convert its schema`
  return `${why}: add \`examples\` to the event`
}

async function acceptAll(check: EventCheck, values: readonly Value[]): Promise<void> {
  const { name, event, description, schemas, call, claim } = check
  const reply = readDescribed(description.reply, schemas)
  const item = readDescribed(description.stream?.item, schemas)
  for (const { name: what, value } of values) {
    const answer = await call(event, fromJson(value), description.stream !== undefined)
    const wrongItem = answer.items.map((one) => item?.fits(one)).find((problem) => problem !== undefined)
    claim(`${name} accepts ${what}`, wrongItem ? `an item does not fit: ${wrongItem}` : problemOf(answer))
  }

  function problemOf({ error, data, items }: Answer): string | undefined {
    if (!error) {
      const problem = data === undefined && items.length > 0 ? undefined : reply?.fits(data)
      return problem && `the reply does not fit: ${problem}`
    }
    const { code, message, details } = error
    if (!Object.hasOwn(description.errors, code))
      return `it is answered with ${code}: ${message} ${JSON.stringify(details) ?? ''}`.trimEnd()
    const problem = readDescribed(description.errors[code], schemas)?.fits(details)
    return problem && `the details of ${code} do not fit: ${problem}`
  }
}

async function refuseAll(check: EventCheck, variants: readonly Variant[]): Promise<void> {
  const { name, event, description, call, claim } = check
  for (const variant of variants) {
    const { error } = await call(event, fromJson(variant.value), description.stream !== undefined)
    claim(`${name} refuses ${variant.name}`, problemOf(variant, error))
  }
}

function problemOf(variant: Variant, error: Answer['error']): string | undefined {
  if (!error) return 'it is accepted'
  if (error.code !== 'FST_NSP_EVENT_INVALID') return `it is answered with ${error.code}: ${error.message}`
  const places = [error.details].flat().map((detail) => String(Object(detail).path))
  if (places.some((place) => isAbout(place, variant))) return undefined
  return `the error names ${places.join(', ') || 'no place'}, not ${variant.path || 'the payload itself'}`
}

/** A missing property is named by some libraries, its object by others. A union is named anywhere. */
function isAbout(place: string, { path, isInUnion }: Variant): boolean {
  if (place === path || isInUnion) return true
  return place.startsWith(`${path}/`) && !place.slice(path.length + 1).includes('/')
}
