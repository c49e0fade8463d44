"""Verifies every message of a folder with dkimpy: dkim-verify.py FOLDER KEYS.json. Keys: name to text of the record.

Prints JSON: file name to a list of { domain, selector, algorithm, result, detail }. Run by dkim-verifiers.ts.
"""
import json
import os
import sys

import dkim

folder, keys_file = sys.argv[1:3]
with open(keys_file, encoding="ascii") as file:
    keys = json.load(file)


def txt(name, timeout=5):
    text = keys.get(name.decode("ascii").rstrip(".").lower())
    return None if text is None else text.encode("latin-1")


# It does not catch everything itself: base64 that is none, a first line that begins with a space.
def verified(message):
    results = []
    try:
        verifier = dkim.DKIM(message)
    except Exception as error:
        return [{"domain": "", "selector": "", "algorithm": "", "result": "invalid", "detail": str(error)}]
    count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
    for index in range(count):
        verifier = dkim.DKIM(message)
        detail = ""
        try:
            result = "pass" if verifier.verify(idx=index, dnsfunc=txt) else "fail"
        except Exception as error:
            result, detail = "invalid", str(error)
        fields = verifier.signature_fields

        def field(name):
            return fields.get(name, b"").decode("latin-1")

        results.append({
            "domain": field(b"d"), "selector": field(b"s"), "algorithm": field(b"a"),
            "result": result, "detail": detail,
        })
    return results


found = {}
for name in sorted(os.listdir(folder)):
    with open(os.path.join(folder, name), "rb") as file:
        found[name] = verified(file.read())
json.dump(found, sys.stdout)
