import type { FastifyInstance } from 'fastify'
import { FST_NSP_ALREADY_REGISTERED, FST_NSP_HTTP2_ONLY, FST_NSP_IO_PRESENT } from '../shared/errors.js'

/*
 * Checks that the plugin can be registered on an instance.
 */

/** @throws FST_NSP_ALREADY_REGISTERED, FST_NSP_IO_PRESENT, FST_NSP_HTTP2_ONLY */
export function checkInstance(instance: FastifyInstance): void {
  if (instance.hasDecorator('namespace')) throw new FST_NSP_ALREADY_REGISTERED()
  if (instance.hasDecorator('io')) throw new FST_NSP_IO_PRESENT()
  if (speaksOnlyHttp2(instance)) throw new FST_NSP_HTTP2_ONLY()
}

function speaksOnlyHttp2({ initialConfig }: FastifyInstance): boolean {
  const { http2, https } = initialConfig
  return http2 === true && !(typeof https === 'object' && https.allowHTTP1 === true)
}
