import type { NamespaceDescription, SchemaDescription } from '../../definition/contract/description.js'
import type { BundledSchema } from '../../samples/bundle-schema.js'
import type { Sample } from '../../samples/sampler.js'
import { findPlaces } from '../../samples/schema-places.js'
import { createValidVariants } from '../../samples/valid-variants.js'
import type { MakeClaim } from './contract-results.js'
import { readDescribed, type SampledSchema } from './described-schema.js'

/*
 * Checks what a server sends: the examples of its emits, and, for a consumer that was built with another contract, samples of
 * whatever it may send.
 */

/** The examples of each emit fit its schema. */
export function checkExamples({ name, emits, schemas }: NamespaceDescription, claim: MakeClaim): void {
  for (const [emit, { payload, examples = [] }] of Object.entries(emits)) {
    const schema = readDescribed(payload, schemas)
    for (const [index, example] of examples.entries()) {
      claim(`${name} ${emit} example ${index + 1} fits`, schema?.fits(example))
    }
  }
}

/** What the server may send by its schemas fits those of a consumer, and has all that the consumer knows. */
export function checkProvided(
  consumer: NamespaceDescription,
  provider: NamespaceDescription,
  { sample, claim }: { readonly sample: Sample; readonly claim: MakeClaim },
): void {
  const { name } = consumer
  const ours = (description: SchemaDescription | undefined) => readDescribed(description, consumer.schemas)
  const theirs = (description: SchemaDescription | undefined) => readDescribed(description, provider.schemas)

  for (const [event, { payload, reply, stream, errors }] of Object.entries(consumer.events)) {
    const provided = provider.events[event]
    if (!provided) continue
    checkPaths(`${name} ${event} payload`, ours(payload), theirs(provided.payload))
    checkReceived(`${name} ${event} reply`, ours(reply), theirs(provided.reply))
    checkReceived(`${name} ${event} item`, ours(stream?.item), theirs(provided.stream?.item))
    for (const [code, details] of Object.entries(errors)) {
      const sent = provided.errors[code]
      if (sent) checkReceived(`${name} ${event} error ${code}`, ours(details), theirs(sent))
    }
  }
  for (const [emit, { payload, reply }] of Object.entries(consumer.emits)) {
    const provided = provider.emits[emit]
    claim(`${name} ${emit} is sent`, provided ? undefined : 'the server does not declare it')
    if (!provided) continue
    checkReceived(`${name} ${emit}`, ours(payload), theirs(provided.payload))
    checkSent(`${name} ${emit} answer`, ours(reply), theirs(provided.reply))
  }

  function checkReceived(what: string, known: SampledSchema | undefined, provided: SampledSchema | undefined): void {
    if (!known) return
    if (provided) {
      checkSamples(what, provided, known)
      checkPaths(what, known, provided)
    } else claim(`${what} fits`, 'the server does not say what it sends')
  }

  /** An answer of the consumer. */
  function checkSent(what: string, known: SampledSchema | undefined, provided: SampledSchema | undefined): void {
    if (!known || !provided) return
    checkSamples(what, known, provided)
    checkPaths(what, known, provided)
  }

  function checkSamples(what: string, writer: SampledSchema, reader: SampledSchema): void {
    for (const { name: which, value } of samplesOf(writer.bundle, sample)) {
      claim(`${what} ${which} fits`, reader.fits(value))
    }
  }

  /** Whether the server knows each property that the consumer knows. */
  function checkPaths(what: string, known: SampledSchema | undefined, provided: SampledSchema | undefined): void {
    if (!known || !provided) return
    const declared = pathsOf(provided.bundle, sample)
    for (const path of pathsOf(known.bundle, sample)) {
      claim(`${what} has ${path || '/'}`, declared.has(path) ? undefined : 'the server does not declare it')
    }
  }
}

/** Samples of a schema, and those at its bounds. */
function samplesOf(bundle: BundledSchema, sample: Sample): { readonly name: string; readonly value: unknown }[] {
  const samples = sample(bundle)
  const named = samples.map((value, index) => ({ name: `sample ${index + 1}`, value }))
  return samples.length === 0 ? [] : [...named, ...createValidVariants(bundle, samples[0], sample)]
}

/** The places of all samples. */
function pathsOf(bundle: BundledSchema, sample: Sample): Set<string> {
  const places = samplesOf(bundle, sample).flatMap(({ value }) => findPlaces(bundle, value))
  return new Set(places.map(({ path }) => path))
}
