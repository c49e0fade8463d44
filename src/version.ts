/** The version of this Postern. */
export const version = '0.2.0';
