/** The other side broke its protocol. Ends that session, is counted, and touches nothing else. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}
