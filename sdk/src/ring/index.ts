export { type ByteRange, hash32, hash32Bytes } from './hash.ts'
export { type Move, moves } from './moves.ts'
export { maxMembers, maxWeight, Ring, type RingInput, type RingMember, seedOfFleet } from './ring.ts'
export { tokenCount, tokenOf, tokenOfBytes } from './token.ts'
