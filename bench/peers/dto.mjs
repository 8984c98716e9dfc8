import 'reflect-metadata'
import { ArrayMaxSize, IsArray, IsISO8601, IsOptional, IsString, MaxLength, MinLength } from 'class-validator'

/*
 * The message as a class whose properties are decorated, by hand: this is JavaScript.
 */

const rules = {
  id: [IsString(), MinLength(1), MaxLength(32)],
  room: [IsString(), MinLength(1), MaxLength(64)],
  author: [IsString(), MinLength(1), MaxLength(64)],
  text: [IsString(), MinLength(1), MaxLength(500)],
  sentAt: [IsISO8601({ strict: true })],
  tags: [IsOptional(), IsArray(), ArrayMaxSize(8), IsString({ each: true }), MaxLength(24, { each: true })],
}

/** A class for the message; `extra` names one more string, which may be missing, and its longest. */
export function createMessageClass(extra) {
  class MessageDto {}
  const all = extra ? { ...rules, [extra.name]: [IsOptional(), IsString(), MaxLength(extra.maxLength)] } : rules
  for (const [name, decorators] of Object.entries(all)) {
    for (const decorate of decorators) decorate(MessageDto.prototype, name)
  }
  return MessageDto
}

/** Applies decorators to a method of a class, and to its parameters, by their index. */
export function decorateMethod(target, method, decorators, parameters) {
  for (const [index, decorate] of parameters.entries()) decorate(target.prototype, method, index)
  for (const decorate of decorators) {
    decorate(target.prototype, method, Object.getOwnPropertyDescriptor(target.prototype, method))
  }
}
