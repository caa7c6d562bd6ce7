"""The key under which telephones and identity numbers are hashed at ingest (密钥).

Here: where it comes from, and its name, by which staged files of another key are told apart.
Not here: hashing (transforms/ingest_keys.py).
"""

import hmac
import os
import secrets

from flows.home import Home
from reference.errors import EnvironmentProblem

VARIABLE = "ZOUFANG_HASH_KEY"
SHORTEST = 32


def hash_key(home: Home) -> bytes:
    """Return the key: of the environment, else of this home's own file, made at random when first needed.

    EnvironmentProblem if it is too short, or if others can read the file.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        return _own_key(home)
    if len(given.encode()) < SHORTEST:
        raise EnvironmentProblem(f"{VARIABLE}: a key needs {SHORTEST} bytes or more; see docs/operations.md")
    return given.encode()


def key_name(key: bytes) -> str:
    """Return 12 hex digits that tell one key from another and nothing else of it."""
    return hmac.digest(key, b"fingerprint", "sha256").hex()[:12]


def _own_key(home: Home) -> bytes:
    path = home.hash_key
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise EnvironmentProblem(f"{path}: others can read this key; chmod 600 it") from None
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(SHORTEST).encode())
    return path.read_bytes()
