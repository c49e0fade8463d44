"""ARC by dkimpy. Standard input: a message, its lines end with CRLF. Run by arc-others.ts.

arc-others.py verify KEYS.json                        prints none, pass or fail; keys: name to text of the record
arc-others.py seal AUTHSERV-ID DOMAIN SELECTOR KEY    prints the message with one more set on top
"""
import json
import sys

import dkim

message = sys.stdin.buffer.read()
if sys.argv[1] == "verify":
    with open(sys.argv[2], encoding="ascii") as file:
        keys = json.load(file)

    def txt(name, timeout=5):
        text = keys.get(name.decode("ascii").rstrip(".").lower())
        return None if text is None else text.encode("latin-1")

    result, _, why = dkim.arc_verify(message, dnsfunc=txt)
    print((result or b"ended").decode("ascii"), file=sys.stdout)
    print(why, file=sys.stderr)
else:
    server, domain, selector = (word.encode("ascii") for word in sys.argv[2:5])
    with open(sys.argv[5], "rb") as file:
        key = file.read()
    headers = [b"from", b"to", b"subject", b"message-id"]
    fields = dkim.arc_sign(message, selector, domain, key, server, include_headers=headers)
    sealed = b"".join(fields).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    sys.stdout.buffer.write(sealed + message)
