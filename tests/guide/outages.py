"""The guide's checks while the keys can't be fetched, and after they can be fetched again."""

import base64
import hashlib
import time

from cryptography.hazmat.primitives.asymmetric import ec

from stack import API, Keys, forge, public

# Replies in place of the keys: a status, a text, and how many bytes of it never come.
FAILURES = {
    "too many requests": (429, '{"message":"Too Many Requests"}', 0),
    "a fault": (500, "", 0),
    "no service": (503, '{"message":"Service Unavailable"}', 0),
    "another page": (200, "<!doctype html><title>Sign in</title>", 0),
    "nothing at all": (200, "", 0),
    "another document": (200, '{"message":"Forbidden"}', 0),
    "no object": (200, "null", 0),
    "no list": (200, '{"keys":"none"}', 0),
    "an empty list": (200, '{"keys":[]}', 0),
    "half an answer": (200, '{"keys":[', 100),
}


def zoe(key, kid):
    """Makes logins of Zoe with assertions by this key."""
    now, digest = int(time.time()), hashlib.sha256(b"token").digest()
    said = {"iss": API, "aud": "app", "sub": "zoe", "iat": now, "exp": now + 300, "mfa": "passed", "amr": ["otp", "mfa"],
            "workspaces": [""], "mfa_epoch": 1, "ath": base64.urlsafe_b64encode(digest).decode().rstrip("=")}
    login = {"token": "token", "user": "zoe", "workspace": "", "newest_epoch": 0}
    return lambda jti, key=key, kid=kid, **other: login | {"assertion": forge(said | {"jti": jti}, key, kid, **other)}


def outages(checks, old):
    """Whatever the failure, a check uses the old keys for a day. It uses new keys as soon as it can fetch them."""
    made, stranger = zoe(old, "old"), ec.generate_private_key(ec.SECP256R1())
    published = [public(old, "old", "ES256")]

    def goes_on(how):
        checks.later += 601
        for again in 1, 2:
            checks.take(f"a good one at {how}", made(f"{how} {again}"))
        checks.refuse(f"a bad one at {how}", "signature", made(how, stranger))
        checks.refuse(f"an unknown key at {how}", "key", made(how, kid=how))

    def comes_back(how, keys):
        keys.keys.append(public(old, how, "ES256"))
        checks.later += 31
        checks.take(f"a new key after {how}", made(f"{how} 3", kid=how))

    checks.refuse("any while there is nobody yet", "keys|fetch|sending", made("first"))
    keys = Keys(*published)
    for how, other in FAILURES.items():
        keys.other = other
        checks.refuse(f"any at {how}, with no keys yet", "^(?!taken$)", made("first"))
    keys.other = None
    checks.take("the same as soon as there are keys", made("first"))
    for how, other in FAILURES.items():
        keys.other = other
        goes_on(how)
        keys.other = None
        comes_back(how, keys)
    keys.answers.clear()
    goes_on("silence")
    keys.answers.set()
    comes_back("silence", keys)
    keys.close()
    goes_on("nobody")
    keys = Keys(*published)
    comes_back("nobody", keys)

    keys.other = FAILURES["too many requests"]
    checks.later += 24 * 60 * 60 - 60
    checks.take("a good one at the end of a day", made("a day"))
    checks.later += 660
    checks.refuse("a good one after more than a day", "keys|429", made("more than a day"))
    keys.other = None
    checks.take("the same as soon as there are keys again", made("more than a day"))
    keys.close()
