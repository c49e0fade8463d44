/**
 * The peer broke its protocol. The error ends that session, is counted, and affects nothing else.
 */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}
