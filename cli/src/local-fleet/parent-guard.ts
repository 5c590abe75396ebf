/**
 * Loaded into every node process of a local fleet (`node --import`): ends the node when its supervisor is gone.
 *
 * The supervisor holds the other end of the node's standard input and never writes to it. However the supervisor ends,
 * SIGKILL included, the system closes that end, and the node reads the end of its input: it leaves as on SIGTERM, and
 * ends at once when that takes too long. Nodes started without a launcher never load this file.
 */
const leaveWithinMs = 5_000

function leave(): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), leaveWithinMs).unref()
  process.kill(process.pid, 'SIGTERM')
}

process.stdin.once('end', leave)
process.stdin.once('error', leave)
process.stdin.resume()
// The guard alone must not keep a node running that has nothing else to do.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref()
