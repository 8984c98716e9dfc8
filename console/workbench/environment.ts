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

/** The environments that the browser has kept, or one without variables. It may hold anything. */
export function readEnvironments(storage: PageStorage): Environments {
  const { current, all } = Object(storage.read(KEY))
  const read: Environment[] = (Array.isArray(all) ? all : []).flatMap((one) => {
    const { name, values, secrets } = Object(one)
    if (!isText(name)) return []
    const names: unknown[] = Array.isArray(secrets) ? secrets : []
    return [
      {
        name,
        values: Object.fromEntries(Object.entries(Object(values)).filter(isTextPair)),
        secrets: Object.fromEntries(names.filter(isText).map((secret) => [secret, ''])),
      },
    ]
  })
  const unique = read.filter((one, at) => read.findIndex(({ name }) => name === one.name) === at)
  const known = unique.length > 0 ? unique : [LOCAL]
  return { current: (known.find(({ name }) => name === current) ?? known[0] ?? LOCAL).name, all: known }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTextPair = (pair: [string, unknown]): pair is [string, string] => isText(pair[1])

/** Keeps environments in the browser. Of secrets, the names only. */
export function writeEnvironments(storage: PageStorage, { current, all }: Environments): void {
  storage.write(KEY, { current, all: all.map((one) => ({ ...one, secrets: Object.keys(one.secrets) })) })
}
