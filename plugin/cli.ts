#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runProgram } from './cli/program.js'
import { processTerminal } from './cli/terminal.js'

/*
 * The command `fastify-namespaces`, the `bin` of the package.
 */

// The source and the build are equally deep below package.json.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const code = await runProgram(process.argv.slice(2), processTerminal(process), version)
// An app that was read may leave timers or connections open. What was written reaches a pipe first.
process.stdout.write('', () => process.exit(code))
