"""Signs every message of a folder in place with dkimpy: dkim-sign.py FOLDER RSA_KEY ED25519_KEY. Run by dkim-others.test.ts.

The n-th message is signed in the n-th of all ways: canonical forms, algorithm, with and without l=.
"""
import itertools
import os
import sys

import dkim

folder, rsa_file, ed25519_file = sys.argv[1:4]
forms = (b"simple", b"relaxed")
ways = list(itertools.product(forms, forms, (b"rsa-sha256", b"ed25519-sha256"), (False, True)))

with open(rsa_file, "rb") as file:
    rsa = file.read()
with open(ed25519_file, "rb") as file:
    ed25519 = file.read()

for number, name in enumerate(sorted(os.listdir(folder))):
    path = os.path.join(folder, name)
    with open(path, "rb") as file:
        message = file.read()
    header, body, algorithm, length = ways[number % len(ways)]
    key, selector = (rsa, b"r1") if algorithm == b"rsa-sha256" else (ed25519, b"e1")
    field = dkim.sign(
        message, selector, b"example.org", key, canonicalize=(header, body),
        signature_algorithm=algorithm, length=length,
    )
    with open(path, "wb") as file:
        file.write(field + message)
