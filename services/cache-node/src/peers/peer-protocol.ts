/**
 * How a node opens a stream to a peer, on the peer's listener for peers:
 *
 *      GET /v1/peer/stream                       The caller says which fleet and which node it means: addresses are used
 *      Upgrade: ringhold-peer/1                  again by others, and copies that went to a wrong node are no copies.
 *      Ringhold-Fleet: ringhold                  Then requests go one way and replies the other (copies/wire).
 *      Ringhold-To: node-2
 */
export const peerProtocol = 'ringhold-peer/1'
export const peerStreamPath = '/v1/peer/stream'
export const fleetHeader = 'ringhold-fleet'
export const toHeader = 'ringhold-to'
