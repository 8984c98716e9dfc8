import type { FastifyBaseLogger } from 'fastify'
import type { IdempotencyStore } from '../../definition/idempotency.js'
import type { NormalDefinition } from '../../definition/normalize/normalize-definition.js'
import { logError } from '../../shared/log/error-log.js'

/*
 * Opens and closes the idempotency stores of an application. Several events may share a store, and several applications.
 */

export interface StoresOptions {
  /** All that were declared, when the instance is ready. */
  readonly entries: readonly { readonly definition: NormalDefinition }[]
}

export interface OpenStores {
  /** @throws (rejects) what a store rejects with */
  open(): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

export function createStores(registry: StoresOptions, log: FastifyBaseLogger): OpenStores {
  const opened = new Set<IdempotencyStore>()
  return {
    async open() {
      const events = registry.entries.flatMap(({ definition }) => [...definition.events.values()])
      for (const { idempotency } of events) if (idempotency?.store.open) opened.add(idempotency.store)
      await Promise.all([...opened].map((store) => store.open?.(log)))
    },

    async close() {
      const closing = [...opened].map(async (store) => store.close?.())
      for (const end of await Promise.allSettled(closing)) {
        if (end.status === 'rejected') logError(log, end.reason, {}, 'an idempotency store could not be closed')
      }
    },
  }
}
