/**
 * How Postfix's smtp(8) sends lines that are longer than its `smtp_line_length_limit` (998 unless
 * set; RFC 5321 section 4.5.3.1.6 allows no more): after so many octets it puts CRLF and a space,
 * in header and body alike, and that space counts for the next line. It does so after all milters,
 * so what is signed must be what will be sent.
 *
 * smtp_text_out() works on records of the queue file: a line of the message in pieces of
 * `line_length_limit` octets (2048), which only matters where a line ends with such a piece and is
 * full at the same octet; body-hash.ts minds that for bodies. Header fields end their last piece
 * with the line, so there it never matters. A dot that smtp(8) doubles at the start of a line is
 * taken off again by the receiver.
 */

/**
 * `text` (lines end with LF or CRLF) as it will be sent; `column`: octets that stand before it on
 * its first line.
 */
export function breakLongLines(text: string, limit: number, column: number): string {
  if (limit <= 0 || text.length + column <= limit) return text;
  let sent = '';
  let room = limit - column;
  let at = 0;
  while (at < text.length) {
    const feed = text.indexOf('\n', at);
    const next = feed < 0 ? text.length : feed + 1;
    let end = feed < 0 ? next : feed;
    if (feed > at && text[feed - 1] === '\r') end--;
    while (end - at > room) {
      sent += `${text.slice(at, at + Math.max(0, room))}\r\n `;
      at += Math.max(0, room);
      room = Math.max(1, limit - 1);
    }
    sent += text.slice(at, next);
    at = next;
    room = limit;
  }
  return sent;
}
