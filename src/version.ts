/** The version of this Postern. */
export const version = '0.1.0';
