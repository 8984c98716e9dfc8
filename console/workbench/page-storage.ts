/** Keeps values in the browser, under the path of the page: two consoles of one origin do not share them. */
export interface PageStorage {
  /** The value of a key, as it was written; undefined if there is none, or it can't be read. */
  readonly read: (key: string) => unknown
  /** Writes a value as JSON. Does nothing if the browser refuses, e.g. because no space is left. */
  readonly write: (key: string, value: unknown) => void
}

/** What it needs of the browser's `localStorage`. */
export interface StorageArea {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** Without an area nothing is kept: a browser may deny its storage. */
export function createPageStorage(path: string, area?: StorageArea): PageStorage {
  const nameOf = (key: string) => `fastify-namespaces:${path}:${key}`
  return {
    read(key) {
      try {
        return JSON.parse(area?.getItem(nameOf(key)) ?? 'null') ?? undefined
      } catch {
        return undefined
      }
    },
    write(key, value) {
      try {
        area?.setItem(nameOf(key), JSON.stringify(value))
      } catch {
        // No space, or denied: it is then kept only as long as the page.
      }
    },
  }
}
