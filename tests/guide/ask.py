"""The guide's check in Python. Reads a login and its assertion as a line of JSON. Writes the check's answer as one."""

import json
import sys
import time

import jwt
from check import check

spent, monotonic = set(), time.monotonic


def spend(jti):
    return jti not in spent and not spent.add(jti)


async def careless(jti):
    """A wrong `spend`: the check does not await it."""
    return spend(jti)


for line in sys.stdin:
    asked = json.loads(line)
    # Moves the clock for the cache of keys. Times in a token are read from another clock.
    if later := asked.get("later"):
        time.monotonic = lambda: monotonic() + later
    try:
        login = [asked[name] for name in ("assertion", "token", "user", "workspace", "newest_epoch")]
        print(json.dumps({"mfa_epoch": check(*login, careless if asked.get("careless") else spend)["mfa_epoch"]}), flush=True)
    except jwt.PyJWTError as error:
        print(json.dumps({"refused": str(error)}), flush=True)
