import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { compareSchemas } from '../../../../plugin/cli/diff/compare-schemas.js'
import { schemaPairs, VALUES } from './schema-arbitraries.js'

t.setTimeout(300_000)

const RUNS = 1000

t.test('a change of a payload that does not break leaves every value accepted that was accepted', async (t) => {
  let [unbroken, accepted] = [0, 0]
  fc.assert(
    fc.property(schemaPairs, ([before, after]) => {
      const ajv = new Ajv({ strict: false, logger: false })
      const [old, fresh] = [compile(ajv, before), compile(ajv, after)]
      if (!old || !fresh) return
      const [one, other] = [before, after].map((schema) => ({ schema, shared: {} })) as [Compared, Compared]
      const { breaking } = compareSchemas(one, other, { side: 'sends', place: 'payload', isStrict: true })
      if (breaking.length > 0) return
      unbroken++
      for (const value of VALUES.filter((value) => old(value))) {
        accepted++
        if (!fresh(value)) throw new Error(`no longer accepted: ${JSON.stringify(value)}`)
      }
    }),
    { numRuns: RUNS, seed: Number(process.env.SEED ?? 16) },
  )
  t.ok(unbroken > RUNS / 4, `${unbroken} of ${RUNS} changes do not break`)
  t.ok(accepted > RUNS, `${accepted} values`)
})

type Compared = Parameters<typeof compareSchemas>[0]

/** Some of the schemas are none, e.g. an `enum` with one value twice. */
function compile(ajv: Ajv, schema: object): ((value: unknown) => unknown) | undefined {
  try {
    return ajv.compile(schema)
  } catch {
    return undefined
  }
}
