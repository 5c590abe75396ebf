/** Port is where the bytes of a conversation go: to a socket (command-stream.ts) or into a reply (commands-route.ts). */
export interface Port {
  /**
   * send passes bytes on, and tells whether they are used up: if not, they must not change any more, and `done` is called
   * when they are, also where the connection is closed.
   */
  send(bytes: Uint8Array, done?: () => void): boolean
  /** isFull tells whether the other side is more than so many bytes behind. Conversation.drained() is to be called when it has caught up. */
  isFull(bytes: number): boolean
  /** pause and resume stop and start the chunks. */
  pause(): void
  resume(): void
  /** end closes the conversation after what was sent. */
  end(): void
  /** destroy cuts it off. Conversation.cut() follows. */
  destroy(): void
}
