/**
 * The codes and flags of the milter protocol (version 6), and its packets. Names are those of
 * Sendmail's mfdef.h without their prefixes.
 */

/** Commands of the mail server. */
export const command = {
  negotiate: 0x4f, // O
  macros: 0x44, // D
  connect: 0x43, // C
  helo: 0x48, // H
  mail: 0x4d, // M
  rcpt: 0x52, // R
  data: 0x54, // T
  unknown: 0x55, // U
  header: 0x4c, // L
  endOfHeaders: 0x4e, // N
  body: 0x42, // B
  endOfMessage: 0x45, // E
  abort: 0x41, // A
  quit: 0x51, // Q
  quitNewConnection: 0x4b, // K
} as const;

/** Answers of the filter. */
export const reply = {
  accept: 0x61, // a
  continue: 0x63, // c
  discard: 0x64, // d
  progress: 0x70, // p
  quarantine: 0x71, // q
  reject: 0x72, // r
  skip: 0x73, // s
  tempfail: 0x74, // t
  replyCode: 0x79, // y
  insertHeader: 0x69, // i
  changeHeader: 0x6d, // m
} as const;

/** What a filter may do to a message. */
export const action = {
  addHeaders: 0x1,
  changeHeaders: 0x10,
  quarantine: 0x20,
  /** Choose the macros of each stage. */
  setSymbolList: 0x100,
} as const;

/** Events that are not sent (no…), and events that are not answered (nr…). */
export const protocol = {
  noConnect: 0x1,
  noHelo: 0x2,
  noMail: 0x4,
  noRcpt: 0x8,
  noBody: 0x10,
  noHeaders: 0x20,
  noEndOfHeaders: 0x40,
  nrHeader: 0x80,
  noUnknown: 0x100,
  noData: 0x200,
  skip: 0x400,
  /** Recipients that the mail server refused are shown too. */
  refusedRecipients: 0x800,
  nrConnect: 0x1000,
  nrHelo: 0x2000,
  nrMail: 0x4000,
  nrRcpt: 0x8000,
  nrData: 0x10000,
  nrUnknown: 0x20000,
  nrEndOfHeaders: 0x40000,
  nrBody: 0x80000,
  /** Values of headers are exchanged with the space in front of them. */
  headerLeadingSpace: 0x100000,
} as const;

/** Makes one packet. */
export function packet(code: number, data: Buffer | string = ''): Buffer {
  const body = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  const bytes = Buffer.allocUnsafe(5 + body.length);
  bytes.writeUInt32BE(1 + body.length, 0);
  bytes[4] = code;
  body.copy(bytes, 5);
  return bytes;
}

/** Strings as the data of a packet, each with its NUL. */
export function strings(...texts: readonly string[]): Buffer {
  return Buffer.from(`${texts.join('\0')}\0`, 'utf8');
}

/** 32-bit numbers as the data of a packet, big endian. */
export function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(numbers.length * 4);
  numbers.forEach((number, index) => {
    bytes.writeUInt32BE(number >>> 0, index * 4);
  });
  return bytes;
}

/** The end of the string that starts at `from`: its NUL, or the end of the data. */
export function stringEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== 0) at++;
  return Math.min(at, end);
}
