# mint.py
import json, secrets, time, jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ISSUER, AUDIENCE = "https://id.acme.com", "acme-login"
KEYS = {"2026": "login.pem"}  # the first one signs, all are published
keys = {kid: load_pem_private_key(open(pem, "rb").read(), None) for kid, pem in KEYS.items()}
KID, key = next(iter(keys.items()))

def token(sub, **claims):
    now = int(time.time())
    # By its jti no login has another's token: one's proof would finish the other.
    # The gateway refuses an iat that its clock has not reached: 30 s are for a clock of yours that is fast.
    claims |= {"iss": ISSUER, "aud": AUDIENCE, "iat": now - 30, "exp": now + 600, "sub": sub, "jti": secrets.token_hex(16)}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": KID})

# When the password was reset is in Unix seconds, written together with the new one; 0 if it never was.
# Keep both with the session: when its login was, in Unix seconds, and after a login by SSO the workspaces that the company
# vouches for, whether or not the user is in them. After a login by password `sso` is None.
def login_token(user, email, email_verified, password_reset_at, workspaces, owned_workspaces=(), *, auth_time, sso):
    if sso is not None and not sso: raise ValueError("an empty list would be a login by password")
    session = {"auth_time": auth_time} | ({} if sso is None else {"sso": list(sso)})
    return token(user, email=email, email_verified=email_verified, password_reset_at=password_reset_at,
                 workspaces=workspaces, owned_workspaces=list(owned_workspaces), **session)

def operator_token(operator):
    return token(operator, scope="mfa:operator")

def public(kid):
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(keys[kid].public_key(), as_dict=True)
    return {"kid": kid, "use": "sig", "alg": "RS256", "kty": jwk["kty"], "n": jwk["n"], "e": jwk["e"]}

def documents():
    return {"/.well-known/openid-configuration": json.dumps({"issuer": ISSUER, "jwks_uri": ISSUER + "/jwks.json"}),
            "/jwks.json": json.dumps({"keys": [public(kid) for kid in keys]})}
