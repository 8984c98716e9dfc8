import type { PageStorage } from './page-storage.js'

/** Variables for one server, e.g. for `staging`. */
export interface Environment {
  readonly name: string
  /** Kept in the browser. */
  readonly values: Readonly<Record<string, string>>
  /** Kept in memory only. After a reload, their values are empty. */
  readonly secrets: Readonly<Record<string, string>>
}

export interface Environments {
  /** The name of the one that is used. */
  readonly current: string
  readonly all: readonly Environment[]
}

const KEY = 'environments'
const LOCAL: Environment = { name: 'local', values: {}, secrets: {} }

/** The environments that the browser has kept, or one without variables. */
export function readEnvironments(storage: PageStorage): Environments {
  const { current, all } = Object(storage.read(KEY))
  const read: Environment[] = (Array.isArray(all) ? all : []).flatMap((one) => {
    const { name, values, secrets } = Object(one)
    if (typeof name !== 'string') return []
    const names: unknown[] = Array.isArray(secrets) ? secrets : []
    return [
      {
        name,
        values: Object.fromEntries(Object.entries(Object(values)).map(([key, value]) => [key, String(value)])),
        secrets: Object.fromEntries(names.map((secret) => [String(secret), ''])),
      },
    ]
  })
  const known = read.length > 0 ? read : [LOCAL]
  return { current: (known.find(({ name }) => name === current) ?? known[0] ?? LOCAL).name, all: known }
}

/** Keeps environments in the browser. Of secrets, the names only. */
export function writeEnvironments(storage: PageStorage, { current, all }: Environments): void {
  storage.write(KEY, { current, all: all.map((one) => ({ ...one, secrets: Object.keys(one.secrets) })) })
}
