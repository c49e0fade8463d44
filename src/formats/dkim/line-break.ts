/**
 * Breaks long lines as Postfix's smtp(8) does when it sends them. The limit is
 * `smtp_line_length_limit` (998 by default; RFC 5321 section 4.5.3.1.6 allows no more). After that
 * many octets, smtp(8) writes CRLF and a space, in header and body alike, and the space counts for
 * the next line. It does so after all milters, so a signature must cover the broken lines.
 *
 * smtp_text_out() works on records of the queue file, which are pieces of `line_length_limit`
 * octets (2048) of a line. That only matters if a line ends with such a piece and is full at the
 * same octet; body-hash.ts handles this for bodies. The last piece of a header field ends with the
 * line, so it never matters there. The receiver removes the dot that smtp(8) doubles at the start
 * of a line.
 */

/**
 * `text` (lines end with LF or CRLF) as it will be sent. `column` is the number of octets before it
 * on its first line.
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
