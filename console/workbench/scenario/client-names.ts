/** Names the clients of a scenario: one for each identity in each namespace. */
export function createClientNames(): (identity: number, address: string) => string {
  const names = new Map<string, string>()
  return (identity, address) => {
    const key = `${identity} ${address}`
    const words = address.toLowerCase().match(/[a-z0-9]+/g) ?? ['root']
    // An identifier cannot begin with a digit.
    const base = `${/^\d/.test(words[0] ?? '') ? 'n-' : ''}${words.join('-').slice(0, 40)}${identity === 1 ? '' : `-${identity}`}`
    let name = names.get(key) ?? base
    for (let number = 2; !names.has(key) && [...names.values()].includes(name); number++) name = `${base}-${number}`
    names.set(key, name)
    return name
  }
}
