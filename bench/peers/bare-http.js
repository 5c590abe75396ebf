/** A bare node:http server that answers one reply to everything: what Node itself costs. Started with a port and the reply as JSON. */
import { createServer } from 'node:http'

const [, , port, reply] = process.argv
const { fields, body } = JSON.parse(reply)
const bytes = Buffer.from(body)

createServer((_request, response) => {
  response.writeHead(200, fields)
  response.end(bytes)
}).listen(Number(port), '127.0.0.1')
