import type { Command } from 'commander'
import type { Manager, Socket } from 'socket.io-client'
import { CliError } from '../cli-error.js'
import { repeatable } from '../repeatable.js'
import { basicAuthorization, parseHeaders, parseUrl } from '../sources/fetch-text.js'
import type { Terminal } from '../terminal.js'
import {
  AUTH_VARIABLE,
  type CredentialOptions,
  createRedact,
  findHeaderSecrets,
  findSecrets,
  type JoinAuth,
  type Redact,
  readAuth,
} from './credentials.js'
import { parseDuration } from './duration.js'

/*
 * Connections to a server, by Socket.IO's own client.
 */

export interface ConnectionOptions extends CredentialOptions {
  readonly header: readonly string[]
  readonly path: string
  readonly transport?: 'polling' | 'websocket'
  readonly timeout: string
}

/** Adds the options that `readConnection` takes. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option('--auth <json>', `auth of the join; default: the environment's ${AUTH_VARIABLE}`)
    .option('--token <token>', 'auth.token of the join')
    .addOption(repeatable('-H, --header <header>', 'header of the handshake, as "name: value"'))
    .option('--path <path>', 'path of the handshake below the URL', '/socket.io')
    .option('--transport <name>', 'websocket or polling; default: polling, then WebSocket')
    .option('--timeout <duration>', 'longest to wait for a join or an answer', '10s')
}

/** Where and how to connect. */
export interface ServerConnection {
  readonly auth: JoinAuth
  readonly redact: Redact
  readonly timeoutMs: number
  /** A manager of its own. It does not connect yet. */
  createManager(): Manager
}

/** @throws CliError */
export async function readConnection(
  target: string,
  options: ConnectionOptions,
  terminal: Terminal,
): Promise<ServerConnection> {
  const url = parseUrl(target)
  const headers = Object.fromEntries(parseHeaders(options.header))
  const authorization = basicAuthorization(url)
  if (authorization !== undefined) headers.authorization = authorization
  const auth = readAuth(options, terminal.env)
  const { transport } = options
  if (transport !== undefined && transport !== 'polling' && transport !== 'websocket') {
    throw new CliError('--transport has to be websocket or polling', 2)
  }
  const { Manager } = await importClient()
  const query = Object.fromEntries(url.searchParams)
  const passwords = [url.password, decodeURIComponent(url.password)].filter((password) => password !== '')
  const secrets = [...findSecrets(auth), ...findHeaderSecrets(headers), ...findSecrets(query), ...passwords]
  return {
    auth,
    redact: createRedact(options.token ? [options.token, ...secrets] : secrets),
    timeoutMs: parseDuration(options.timeout, '--timeout'),
    createManager: () =>
      new Manager(url.origin, {
        path: `${url.pathname.replace(/\/$/, '')}/${options.path.replace(/^\/|\/$/g, '')}/`,
        query,
        extraHeaders: headers,
        autoConnect: false,
        ...(transport && { transports: [transport] }),
      }),
  }
}

type ClientModule = typeof import('socket.io-client')

/** Loads an optional peer. @throws CliError that says what to install */
export async function importClient(
  load = (): Promise<ClientModule> => import('socket.io-client'),
): Promise<ClientModule> {
  try {
    return await load()
  } catch (error) {
    throw new CliError('This command needs socket.io-client: npm install --save-dev socket.io-client', 2, error)
  }
}

/** The refusal of a join, or the error of a connection. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly statusCode?: number
  readonly details?: unknown
}

/** Waits until a socket has joined. Resolves to the refusal, if it is refused. */
export function untilJoined(socket: Socket, timeoutMs: number): Promise<Refusal | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => end({ code: 'TIMEOUT', message: `Not joined within ${timeoutMs} ms` }), timeoutMs)
    const onConnect = () => end(undefined)
    const onError = (error: Error) => end(toRefusal(error))
    socket.on('connect', onConnect).on('connect_error', onError)
    socket.connect()

    function end(refusal: Refusal | undefined): void {
      clearTimeout(timer)
      socket.off('connect', onConnect).off('connect_error', onError)
      resolve(refusal)
    }
  })
}

/** A refused handshake carries its status, a refused connect its `data`. */
function toRefusal(error: Error & { data?: Record<string, unknown>; description?: unknown }): Refusal {
  const { message, data, description } = error
  if (data) return { code: 'REFUSED', message, ...data }
  const [status] = /\d{3}$/.exec(String(Object(description).message ?? description)) ?? []
  if (status === undefined) return { code: 'CONNECT_FAILED', message: `No Socket.IO server answers there: ${message}` }
  return {
    code: 'CONNECT_FAILED',
    message: `The handshake is answered with ${status}: ${message}`,
    statusCode: Number(status),
  }
}
