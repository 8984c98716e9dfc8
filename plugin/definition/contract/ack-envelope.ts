import type { WireError } from '../../shared/wire-error.js'

/** The one argument of every ack. It is a wire format. `ok` distinguishes the two shapes. */
export type AckEnvelope<Data = unknown, Failure = WireError> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly error: Failure }
