/**
 * Node's own HTTP client, without what an import of it brings: since Node 22 that makes the engine load Node's copy of undici,
 * for the WebSocket that the module lists among its exports, which takes 14 MiB of the process.
 */
export const { request } = process.getBuiltinModule('node:http')
