import { writeClientAddress } from '../../plugin/client/joins/client-address.js'

/** The parameters of a name: `['orgId']` for `/orgs/:orgId`; `*` for a wildcard. */
export function paramsOf(name: string): readonly string[] {
  const found: string[] = []
  const params = new Proxy<Record<string, string>>(
    {},
    {
      get: () => 'x',
      getOwnPropertyDescriptor(_, parameter) {
        found.push(String(parameter))
        return { value: 'x', configurable: true, enumerable: true }
      },
    },
  )
  writeClientAddress(name, params)
  return [...new Set(found)]
}

/** The address of a name; undefined while a parameter has no value. */
export function addressOf(name: string, params: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return writeClientAddress(name, params)
  } catch {
    return undefined
  }
}
