import {
  FST_NSP_KEY_REUSED,
  FST_NSP_KEYS_LIMIT,
  FST_NSP_STORE_FAILED,
  FST_NSP_TRANSACTION_INVALID,
} from '../../shared/errors/idempotency-errors.js'
import { FST_NSP_REPLY_INVALID } from '../../shared/errors.js'

/** The errors that are no failure of a store. */
const OTHERS = [FST_NSP_KEY_REUSED, FST_NSP_KEYS_LIMIT, FST_NSP_REPLY_INVALID, FST_NSP_TRANSACTION_INVALID]

/** The error of an event whose key could not be claimed, or whose ack could not be kept. */
export function toStoreFailure(event: string, cause: unknown): Error {
  if (OTHERS.some((Other) => cause instanceof Other)) return cause as Error
  return Object.assign(new FST_NSP_STORE_FAILED(event), { cause })
}
