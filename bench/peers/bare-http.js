/** A bare node:http server that answers one reply to everything: what Node itself costs. Started with a port and the reply as JSON. */
import { createServer } from 'node:http'
import { keepTicksFast } from '@ringhold/sdk/lane'

const [, , port, reply] = process.argv
const { fields, body } = JSON.parse(reply)
const bytes = Buffer.from(body)
// Otherwise it would be a matter of chance whether its ticks are, and the comparison with it.
keepTicksFast()

createServer((_request, response) => {
  response.writeHead(200, fields)
  response.end(bytes)
}).listen(Number(port), '127.0.0.1')
