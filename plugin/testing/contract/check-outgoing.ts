import type { JsonSchema, NamespaceDescription, SchemaDescription } from '../../definition/contract/description.js'
import type { Sample } from '../../samples/sampler.js'
import { createValidVariants } from '../../samples/valid-variants.js'
import type { MakeClaim } from './contract-results.js'
import { readDescribed } from './described-schema.js'

/*
 * Checks what a server sends: the examples of its emits, and, for a consumer that was built with another contract, samples of
 * whatever it may send.
 */

/** A schema, with the shared schemas that it refers to. */
interface SentSchema {
  readonly description: SchemaDescription | undefined
  readonly schemas: Readonly<Record<string, JsonSchema>>
}

/** The examples of each emit fit its schema. */
export function checkExamples({ name, emits, schemas }: NamespaceDescription, claim: MakeClaim): void {
  for (const [emit, { payload, examples = [] }] of Object.entries(emits)) {
    const schema = readDescribed(payload, schemas)
    for (const [index, example] of examples.entries()) {
      claim(`${name} ${emit} example ${index + 1} fits`, schema?.fits(example))
    }
  }
}

/** What the server may send by its schemas fits those of a consumer. */
export function checkProvided(
  consumer: NamespaceDescription,
  provider: NamespaceDescription,
  { sample, claim }: { readonly sample: Sample; readonly claim: MakeClaim },
): void {
  const { name, schemas } = consumer
  const compare = (what: string, expected: SchemaDescription | undefined, sent: SchemaDescription | undefined) =>
    checkSamples(
      `${name} ${what}`,
      { description: expected, schemas },
      { description: sent, schemas: provider.schemas },
    )

  for (const [event, { reply, stream, errors }] of Object.entries(consumer.events)) {
    const provided = provider.events[event]
    if (!provided) continue
    compare(`${event} reply`, reply, provided.reply)
    compare(`${event} item`, stream?.item, provided.stream?.item)
    for (const [code, details] of Object.entries(errors)) {
      if (provided.errors[code]) compare(`${event} error ${code}`, details, provided.errors[code])
    }
  }
  for (const [emit, { payload }] of Object.entries(consumer.emits)) {
    const provided = provider.emits[emit]
    claim(`${name} ${emit} is sent`, provided ? undefined : 'the server does not declare it')
    if (provided) compare(emit, payload, provided.payload)
  }

  function checkSamples(what: string, expected: SentSchema, sent: SentSchema): void {
    const wanted = readDescribed(expected.description, expected.schemas)
    if (!wanted) return
    const given = readDescribed(sent.description, sent.schemas)
    if (!given) {
      claim(`${what} fits`, 'the server does not say what it sends')
      return
    }
    const samples = sample(given.bundle)
    for (const [index, value] of samples.entries()) claim(`${what} sample ${index + 1} fits`, wanted.fits(value))
    if (samples.length === 0) return
    for (const { name: variant, value } of createValidVariants(given.bundle, samples[0], sample)) {
      claim(`${what} ${variant} fits`, wanted.fits(value))
    }
  }
}
