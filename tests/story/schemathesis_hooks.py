"""What schemathesis has to be told of the hub's API: how sealed bytes travel, and what must not happen to its own caller."""

import base64
import hashlib

import schemathesis

SEALED = "application/pkcs7-mime"
schemathesis.serializer.alias(SEALED, "application/octet-stream")


@schemathesis.deserializer(SEALED, "application/pkix-crl")
def sealed(context, response):
    """Bytes are bytes; the description says no more of them."""
    return response.content.decode("latin-1")


def bytes_of(body):
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return getattr(body, "data", body.encode())
    return None


@schemathesis.hook
def before_call(context, case, kwargs):
    path, method = case.operation.path, case.method.upper()
    # A body with the digest of another is refused at the door: half of them are to get further.
    body = bytes_of(case.body)
    if body is not None and method == "PUT" and path.startswith("/v1/parcels/") and len(body) % 2 == 0:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        case.headers["content-digest"] = f"sha-256=:{digest}:"
    # An office that is there, wherever one could be.
    to = (case.query or {}).get("to")
    if isinstance(to, str) and len(to) == 10:
        case.query["to"] = "3191000017"
    # The caller's own terminal and account are needed until the end.
    if path == "/v1/terminals/{id}" and method == "DELETE":
        case.path_parameters["id"] = "0badc0de"
    if path == "/v1/accounts/{user}" and str(case.path_parameters.get("user", "")).strip().lower() == "sato":
        case.path_parameters["user"] = "nobody"
