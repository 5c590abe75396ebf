/**
 * The clients, each as its documentation recommends it, behind four functions. Values are strings for all of them; memjs
 * returns its bytes as they are.
 *
 * @typedef {object} Client
 * @property {(key: string) => Promise<unknown>} get
 * @property {(key: string, value: string) => Promise<unknown>} set
 * @property {(keys: string[]) => Promise<unknown>} getMany  by whatever call is the fastest that the client has
 * @property {() => unknown} close
 */

import { connectBare } from './bare-stream.js'

const host = '127.0.0.1'
/** No entry expires while the benchmark runs. */
const lifetimeS = 3_600

async function ringhold(ports) {
  const { Ringhold } = await import('@ringhold/sdk')
  const cache = await Ringhold.connect({ nodes: ports.map((port) => `http://${host}:${port}`), timeoutMs: 30_000 })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: (keys) => cache.getMany(keys),
    close: () => cache.close(),
  }
}

async function ioredis(ports, options) {
  const { Cluster } = await import('ioredis')
  const cluster = new Cluster(
    ports.map((port) => ({ host, port })),
    { ...options, lazyConnect: true },
  )
  await cluster.connect()
  return {
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value),
    getMany: (keys) => Promise.all(keys.map((key) => cluster.get(key))),
    close: () => cluster.disconnect(),
  }
}

async function nodeRedis(ports) {
  const { createCluster } = await import('redis')
  const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://${host}:${port}` })) })
  cluster.on('error', () => {})
  await cluster.connect()
  return {
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value),
    getMany: (keys) => Promise.all(keys.map((key) => cluster.get(key))),
    close: () => cluster.destroy(),
  }
}

async function memcached(ports) {
  const { default: Memcached } = await import('memcached')
  const client = new Memcached(ports.map((port) => `${host}:${port}`))
  const promised = (call) =>
    new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))))
  return {
    get: (key) => promised((done) => client.get(key, done)),
    set: (key, value) => promised((done) => client.set(key, value, lifetimeS, done)),
    getMany: (keys) => promised((done) => client.getMulti(keys, done)),
    close: () => client.end(),
  }
}

async function memjs(ports) {
  const { default: library } = await import('memjs')
  const client = library.Client.create(ports.map((port) => `${host}:${port}`).join(','), { expires: lifetimeS })
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, {}),
    getMany: (keys) => Promise.all(keys.map((key) => client.get(key))),
    close: () => client.close(),
  }
}

/**
 * A yardstick is no rival: it shows what could be at most.
 *
 * @type {readonly { name: string, server: string, isYardstick?: boolean, connect: (ports: number[]) => Promise<Client> }[]}
 */
export const contestants = [
  { name: 'ringhold', server: 'ringhold', connect: ringhold },
  { name: 'ioredis', server: 'redis', connect: (ports) => ioredis(ports, {}) },
  {
    name: 'ioredis auto-pipelining',
    server: 'redis',
    connect: (ports) => ioredis(ports, { enableAutoPipelining: true }),
  },
  { name: 'node-redis', server: 'redis', connect: nodeRedis },
  { name: 'memcached', server: 'memcached', connect: memcached },
  { name: 'memjs', server: 'memcached', connect: memjs },
  { name: 'bare streams', server: 'bare', isYardstick: true, connect: connectBare },
]
