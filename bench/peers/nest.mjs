import 'reflect-metadata'
import { Module, ValidationPipe } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { IoAdapter } from '@nestjs/platform-socket.io'
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets'
import { checkToken, namespacesOf, ROOM, ROOM_SEATS, startUpEventsOf } from '../.built/application.js'
import { createMessage } from '../.built/message.js'
import { createMessageClass, decorateMethod } from './dto.mjs'

/*
 * NestJS: a gateway for each namespace, a ValidationPipe for each payload.
 */

export async function start(scenario) {
  const names = namespacesOf(scenario)
  const gateways = names.map(scenario.kind === 'startup' ? createManyGateway : (name) => createGateway(name, scenario))
  class BenchModule {}
  Module({ providers: gateways })(BenchModule)
  const app = await NestFactory.create(BenchModule, { logger: ['fatal', 'error', 'warn', 'log'] })
  app.useWebSocketAdapter(new IoAdapter(app))
  await app.listen(0, '127.0.0.1')
  return app.getHttpServer().address().port
}

function createPipe(expectedType) {
  return new ValidationPipe({
    expectedType,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) => new WsException(errors.map(({ constraints }) => constraints)),
  })
}

function createGateway(namespace, scenario) {
  let shouts = 0
  class Gateway {
    afterInit(server) {
      this.server = server
      if (!scenario.hasHook) return
      server.use((socket, next) => {
        checkToken(socket.handshake.auth.token).then(() => next(), next)
      })
    }
    handleConnection(socket) {
      if (Number(socket.handshake.query.seat) < ROOM_SEATS) socket.join(ROOM)
    }
    echo(message) {
      return { id: message.id, ok: true }
    }
    raw(message) {
      return { id: message.id, ok: true }
    }
    binary(data) {
      return data
    }
    shout() {
      this.server.emit('news', createMessage(shouts++))
    }
    shoutToRoom(socket) {
      socket.to(ROOM).emit('news', createMessage(shouts++))
    }
    shoutToOthers() {
      this.server.except(ROOM).emit('news', createMessage(shouts++))
    }
  }
  WebSocketGateway({ namespace })(Gateway)
  const pipe = createPipe(createMessageClass())
  decorateMethod(Gateway, 'echo', [SubscribeMessage('echo')], [MessageBody(pipe)])
  decorateMethod(Gateway, 'raw', [SubscribeMessage('raw')], [MessageBody()])
  decorateMethod(Gateway, 'binary', [SubscribeMessage('binary')], [MessageBody()])
  decorateMethod(Gateway, 'shout', [SubscribeMessage('shout')], [])
  decorateMethod(Gateway, 'shoutToRoom', [SubscribeMessage('shout:room')], [ConnectedSocket()])
  decorateMethod(Gateway, 'shoutToOthers', [SubscribeMessage('shout:others')], [])
  return Gateway
}

function createManyGateway(namespace) {
  class Gateway {}
  WebSocketGateway({ namespace })(Gateway)
  for (const { event, extra } of startUpEventsOf(namespace)) {
    Object.defineProperty(Gateway.prototype, event, {
      value: (message) => ({ id: message.id, ok: true }),
      configurable: true,
      writable: true,
    })
    decorateMethod(Gateway, event, [SubscribeMessage(event)], [MessageBody(createPipe(createMessageClass(extra)))])
  }
  return Gateway
}
