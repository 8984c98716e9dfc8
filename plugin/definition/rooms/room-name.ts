import type { RoomArgs, RoomText } from './room-types.js'

/*
 * Writes the name of a declared room, for servers and for front ends. A name has one spelling.
 */

const PARAM = /:(\w+)/g
const LONE_SURROGATE = /\p{Cs}/gu

/**
 * The name of a declared room: `ticket/42` of `ticket/:id`. Values are written with `encodeURIComponent()`.
 *
 * @param pattern - the key of the room in `rooms`
 * @param params - a value for each param of the pattern
 * @throws TypeError if a param has no value, or an empty one
 *
 * @example
 * await socket.emitWithAck('room:join', roomName('ticket/:id', { id: 42 }))
 */
export function roomName<const Pattern extends string>(
  pattern: Pattern,
  ...[params]: RoomArgs<Pattern>
): RoomText<Pattern>
export function roomName(pattern: string, params: Readonly<Record<string, unknown>> = {}): string {
  return pattern.replace(PARAM, (_text, param: string) => {
    const value = Object.hasOwn(params, param) ? params[param] : undefined
    const text = Object(value) === value ? '' : String(value ?? '')
    if (text === '') throw new TypeError(`The params of ${pattern} lack ${param}`)
    return encodeURIComponent(text.replace(LONE_SURROGATE, '\uFFFD'))
  })
}
