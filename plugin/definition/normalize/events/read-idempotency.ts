import { types } from 'node:util'
import { FST_NSP_DEFINITION_INVALID } from '../../../shared/errors.js'
import type { IdempotencyOptions } from '../../idempotency.js'
import { createMemoryStore } from '../../memory/memory-store.js'
import { read, readDuration, readObject, type Source } from '../read-value.js'

/*
 * Checks the `idempotency` of an event and fills in its defaults.
 */

const IDEMPOTENCY_KEYS = ['key', 'ttlMs', 'leaseMs', 'store', 'transaction']

/** @throws FST_NSP_DEFINITION_INVALID naming the path */
export function readIdempotency(value: unknown, path: string): Required<IdempotencyOptions> | undefined {
  if (value === undefined) return undefined
  const source = readObject(value, path, IDEMPOTENCY_KEYS)
  const key = read<IdempotencyOptions['key']>(source, 'key', path, 'function')
  if (!key)
    throw new FST_NSP_DEFINITION_INVALID(
      `${path}.key`,
      'is missing: it must be a function that returns the key of an event',
    )
  if (types.isAsyncFunction(key)) {
    throw new FST_NSP_DEFINITION_INVALID(`${path}.key`, 'must not be async: it must return the key synchronously')
  }
  const ttlMs = readDuration(source, 'ttlMs', path, 1) ?? 600_000
  const leaseMs = readDuration(source, 'leaseMs', path, 1) ?? 10_000
  const store = source.store === undefined ? createMemoryStore() : readObject(source.store, `${path}.store`)
  for (const method of ['claim', 'renew', 'settle', 'release']) {
    read(store as Source, method, `${path}.store`, 'function') ?? missing(`${path}.store.${method}`)
  }
  for (const method of ['begin', 'open', 'close']) read(store as Source, method, `${path}.store`, 'function')
  const transaction = read<boolean>(source, 'transaction', path, 'boolean') ?? false
  if (transaction && !store.begin) {
    throw new FST_NSP_DEFINITION_INVALID(
      `${path}.transaction`,
      'needs a store that can begin a transaction: give `store` a createPostgresStore()',
    )
  }
  return { key, ttlMs, leaseMs, store: store as unknown as Required<IdempotencyOptions>['store'], transaction }
}

function missing(path: string): never {
  throw new FST_NSP_DEFINITION_INVALID(
    path,
    'is missing: a store has the methods claim, renew, settle and release, like the store of createMemoryStore()',
  )
}
