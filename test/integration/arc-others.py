"""ARC by dkimpy; messages have lines that end with CRLF. Run by arc-others.ts.

arc-others.py verify FOLDER KEYS.json                 prints JSON: file name to none, pass, fail or ended, and why
                                                      keys: name to text of the record
arc-others.py seal AUTHSERV-ID DOMAIN SELECTOR KEY    prints the message of standard input with one more set on top
"""
import json
import os
import sys

import dkim

if sys.argv[1] == "verify":
    folder = sys.argv[2]
    with open(sys.argv[3], encoding="ascii") as file:
        keys = json.load(file)

    def txt(name, timeout=5):
        text = keys.get(name.decode("ascii").rstrip(".").lower())
        return None if text is None else text.encode("latin-1")

    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            result, _, why = dkim.arc_verify(file.read(), dnsfunc=txt)
        found[name] = [(result or b"ended").decode("ascii"), why]
    json.dump(found, sys.stdout)
else:
    message = sys.stdin.buffer.read()
    server, domain, selector = (word.encode("ascii") for word in sys.argv[2:5])
    with open(sys.argv[5], "rb") as file:
        key = file.read()
    headers = [b"from", b"to", b"subject", b"message-id"]
    fields = dkim.arc_sign(message, selector, domain, key, server, include_headers=headers)
    sealed = b"".join(fields).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    sys.stdout.buffer.write(sealed + message)
