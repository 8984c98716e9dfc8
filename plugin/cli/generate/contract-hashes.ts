import type { ServerDescription } from '../../definition/contract/description.js'

/** Renders the hashes by the name of the namespace, for the option `contracts` of createClient(): JSON for a .json, else a module. */
export function renderHashes({ namespaces }: ServerDescription, path: string): string {
  const json = JSON.stringify(Object.fromEntries(namespaces.map(({ name, hash }) => [name, hash])), undefined, 2)
  if (path.endsWith('.json')) return `${json}\n`
  return `// Written by \`fastify-namespaces types\`. Do not edit.\nexport const contracts = ${json}\n`
}
