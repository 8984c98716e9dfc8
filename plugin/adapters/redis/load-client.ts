import { FST_NSP_BROKER_MISSING } from '../broker-errors.js'

/*
 * Makes a client of a url, by the package that is installed: redis, or else ioredis. Each connection is a duplicate of it; it is never
 * connected itself.
 */

interface Packages {
  redis(): Promise<{ createClient(options: { url: string }): object }>
  ioredis(): Promise<{ Redis: new (url: string, options: { lazyConnect: true }) => object }>
}

// With a catch of its own, an import may stay unresolved in a bundle.
const reject = Promise.reject.bind(Promise)
const PACKAGES: Packages = {
  redis: () => import('redis').catch(reject),
  ioredis: () => import('ioredis').catch(reject),
}

/**
 * Loads a package, and creates a client.
 *
 * @throws FST_NSP_BROKER_MISSING if neither package is installed
 */
export async function loadClient(url: string, packages: Partial<Packages> = {}): Promise<object> {
  const load = { ...PACKAGES, ...packages }
  const redis = await load.redis().catch(() => undefined)
  if (redis) return redis.createClient({ url })
  const ioredis = await load.ioredis().catch((cause: unknown) => {
    throw Object.assign(new FST_NSP_BROKER_MISSING('redis', 'redis'), { cause })
  })
  return new ioredis.Redis(url, { lazyConnect: true })
}
