"""The users of a sweep of the contract, and what they have. Every request has a new user, so no answer depends on an
earlier request.

These hooks of schemathesis also check what the contract says in words, and record the answers. As a script on such a
record, this prints how often each operation was asked, and fails if a success of the contract never came.
"""

import base64
import collections
import functools
import hmac
import itertools
import os
import pathlib
import re
import sys

import requests
import schemathesis
import yaml

CONTRACT = yaml.safe_load((pathlib.Path(__file__).resolve().parent.parent / "infra/openapi.yaml").read_text())
OPERATORS = {"unlock", "reset", "erase", "importFactor"}
# Every so many well-formed random requests, one keeps the generated value in place of the user's own.
MADE_UP = {"factor_id": 5, "workspace_id": 7, "MFA-Assertion": 4, "If-Match": 3, "code": 3, "user": 6}
HTTP, NUMBERS, TURNS = requests.Session(), itertools.count(), collections.defaultdict(itertools.count)
# Users by their login tokens, until their request is made.
WAITING = {}


def ask(method, path, body, **headers):
    reply = HTTP.request(method, os.environ["API"] + path, json=body, headers=headers)
    reply.raise_for_status()
    return reply.json()


def clock(later=0):
    return ask("POST", "/dev/clock", {"advance_seconds": later})["unix"]


def totp(secret, moment):
    """The code that an authenticator app shows (RFC 6238)."""
    mac = hmac.digest(base64.b32decode(secret), (moment // 30).to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    return f"{int.from_bytes(mac[at:at + 4], 'big') & 0x7fffffff:010}"[-6:]


class User:
    """A new user, or the operator."""

    def __init__(self, sub=None, joins=(), **claims):
        self.number = next(NUMBERS)
        self.sub = sub or f"user-{self.number}"
        self.workspace = f"workspace-{self.number}"
        claims = {"workspaces": [self.workspace, *joins], "owned_workspaces": [self.workspace, "crowd"]} | claims
        token = ask("POST", "/dev/tokens", {"sub": self.sub, "expires_in": 10**8} | claims)["token"]
        self.authorization = f"Bearer {token}"

    def ask(self, method, path, body=None):
        return ask(method, path, body, authorization=self.authorization)

    def begin(self, **what):
        """Begins a factor. Returns its id, and an app's secret."""
        begun = self.ask("POST", "/v1/factors", what)
        return begun["id"], begun.get("totp", {}).get("secret")

    def enroll(self):
        """Enrolls an app. Returns values for requests."""
        factor, secret = self.begin(kind="totp")
        now = clock()
        active = self.ask("POST", f"/v1/factors/{factor}/activate", {"code": totp(secret, now)})
        # This code is spent. The code of the next 30 seconds is accepted already.
        return {
            "factor_id": factor, "MFA-Assertion": active["assertion"], "code": totp(secret, now + 30),
            "recovery_code": active["recovery_codes"][0],
        }


@functools.cache
def cursor():
    """The start of the second page of a workspace's members. A page has 100."""
    for _ in range(101):
        User(workspaces=["crowd"]).ask("POST", "/v1/logins")
    owner = User(joins=["crowd"])
    assertion = owner.enroll()["MFA-Assertion"]
    headers = {"authorization": owner.authorization, "MFA-Assertion": assertion}
    return ask("GET", "/v1/workspaces/crowd/members?state=none", None, **headers)["next_cursor"]


def there_is(operation, user, turn):
    """The values for a request of this user, by their names in the contract."""
    match operation:
        case "keys":
            return {}
        case "login" | "listFactors" | "beginFactor":
            return user.enroll() if turn % 2 else {}
        case "activateFactor":
            factor, secret = user.begin(kind="totp")
            return {"factor_id": factor, "code": totp(secret, clock())}
        case "textCode":
            # An address can request 20 texts an hour, and all requests here come from one address.
            clock(3600)
            return {"factor_id": user.begin(kind="sms", phone=f"+1212555{turn:04}")[0]}
        case "redeem":
            there = user.enroll()
            return there | {"code": there["recovery_code"]}
        case "showPolicy" | "setPolicy":
            return user.enroll() | {"workspace_id": user.workspace, "If-Match": '"0"'}
        case "listMembers":
            return user.enroll() | {"workspace_id": "crowd", "cursor": cursor()}
        case "unlock" | "reset" | "erase" | "importFactor":
            other = User()
            if operation != "importFactor":
                other.enroll()
            return {"user": other.sub}
    return user.enroll()


@schemathesis.auth(refresh_interval=None, retry_on=[])
class LoginTokens:
    def get(self, case, context):
        # Sometimes a user who is no operator asks for an operator's route.
        operation = name(context.operation)
        operates = operation in OPERATORS and next(TURNS["operator"]) % 9
        # An owner's assertion must name the workspace whose members they list.
        joins = ["crowd"] if operation == "listMembers" else []
        return User("op", scope="mfa:operator") if operates else User(joins=joins)

    def set(self, case, user, context):
        case.headers["Authorization"] = user.authorization
        WAITING[user.authorization] = user


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = name(case.operation)
    user = WAITING.pop(case.headers.get("Authorization"), None)
    # Without a user or a route, the gateway answers.
    if user is None or case.method.lower() not in CONTRACT["paths"][case.path]:
        return
    turn = next(TURNS[operation])
    wrong = {where.name for where, part in case.meta.components.items() if part.mode.is_negative}
    # Each boundary comes only once, so nothing else may be wrong with its request.
    by_chance = case.meta.phase.name.name == "FUZZING" and not wrong
    headers = {parameter.name for parameter in case.operation.iter_parameters() if parameter.location.name == "HEADER"}
    # A user without an assertion sends none, because a generated one is refused before all else.
    for key, value in ({"MFA-Assertion": None} | there_is(operation, user, turn)).items():
        if by_chance and key in MADE_UP and turn % MADE_UP[key] == 0:
            continue
        if key in case.path_parameters:
            case.path_parameters[key] = value
        elif key in headers and "HEADER" not in wrong:
            case.headers.pop(key, None)
            if value:
                case.headers[key] = value
        elif key in case.query and "QUERY" not in wrong:
            # The cursor belongs to the list of members without a factor.
            case.query |= {key: value, "state": "none"}
        elif "BODY" not in wrong and isinstance(case.body, dict) and key in case.body:
            case.body[key] = value
    if operation == "importFactor" and not wrong and turn % 2:
        # A second import finds the first one. If its user is made up, both may be refused.
        HTTP.post(os.environ["API"] + case.path, json=case.body, headers={"authorization": user.authorization})


@schemathesis.hook
def after_call(context, case, response):
    with open(os.environ["ANSWERS"], "a") as answers:
        print(name(case.operation), response.status_code, file=answers)


def listed(schema):
    """The pairs of status and name in lines such as ``404 `Not Found` `` of a schema's description."""
    lines = re.findall(r"^(\d{3}) (.*)$", CONTRACT["components"]["schemas"][schema]["description"], re.M)
    return {(int(status), one) for status, line in lines for one in re.findall("`([^`]*)`", line)}


PROBLEMS, REFUSED = listed("Problem"), listed("Refused")


@schemathesis.check
def words(ctx, response, case):
    """Checks what the contract says of replies in words."""
    status, body, headers = response.status_code, response.json(), response.headers
    if case.method.lower() not in CONTRACT["paths"][case.path]:
        assert (status, body) == (404, {"message": "Not Found"}), f"{case.method} is no method of it, and answers {status}"
    elif "message" in body:
        assert (status, body["message"]) in REFUSED, f"the gateway does not say {status} {body['message']}"
        assert ("www-authenticate" in headers) == (status == 401), f"www-authenticate with {status}"
    else:
        kept = "public, max-age=3600" if (name(case.operation), status) == ("keys", 200) else "no-store"
        assert headers["cache-control"] == [kept], f"a reply may be kept: {headers['cache-control']}"
        if str(status) not in case.operation.definition.raw["responses"]:
            assert status >= 400, f"no success of the contract is {status}"
            code = body["type"].rsplit("/", 1)[-1]
            assert (status, code) in PROBLEMS, f"no problem {code} has status {status}"
            assert body["status"] == status, f"status {body['status']} in the body of {status}"
            waits = status in (429, 503) or code == "factor-too-new"
            assert ("retry-after" in headers) == waits, f"retry-after with {status} {code}"


def name(operation):
    return operation.definition.raw["operationId"]


def tell(notes):
    """Prints how often each operation was asked, and its answers. Returns the successes that never came."""
    answers = collections.defaultdict(collections.Counter)
    for line in notes:
        operation, status = line.split()
        answers[operation][status] += 1
    missing = []
    for path, operations in CONTRACT["paths"].items():
        for method, operation in operations.items():
            counts = answers[operation["operationId"]]
            spread = "  ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
            print(f"{counts.total():4} {method.upper()} {path}   {spread}")
            successes = [status for status in operation["responses"] if status.startswith("2")]
            missing += [f"{method.upper()} {path} never answered {status}" for status in successes if not counts[status]]
    return "\n".join(missing) or None


if __name__ == "__main__":
    sys.exit(tell(open(sys.argv[1])))
