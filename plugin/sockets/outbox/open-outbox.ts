import type { FastifyBaseLogger } from 'fastify'
import type { EmitOutbox } from '../../definition/outbox/emit-outbox.js'
import { logError } from '../../shared/log/error-log.js'
import { createOutboxDelivery, type OutboxDeliveryOptions } from './outbox-delivery.js'

/*
 * Opens and closes the outbox of an application.
 */

/** The option of the plugin. */
interface OutboxOption {
  readonly outbox?: EmitOutbox
}

export interface OpenOutboxOptions extends OutboxDeliveryOptions {
  readonly log: FastifyBaseLogger
}

export interface OpenOutbox {
  /** @throws (rejects) what the outbox rejects with */
  open(): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

export function createOutbox({ outbox }: OutboxOption, { log, ...options }: OpenOutboxOptions): OpenOutbox {
  let end: (() => Promise<void>) | undefined
  return {
    async open() {
      end = await outbox?.open(createOutboxDelivery(options), log)
    },

    async close() {
      await end?.().catch((error) => logError(log, error, {}, 'the outbox could not be closed'))
    },
  }
}
