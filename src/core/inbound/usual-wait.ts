/**
 * How long suspicious mail waits unless the operator says otherwise: not at all. Waiting stops
 * little more spam than what is known at the end of DATA (docs/internals/inbound.md).
 */
export const usualWait = '0s';
