"""The key under which telephones and identity numbers are hashed at ingest (密钥).

Here: where it comes from, and its name, by which staged files of another key are told apart.
Not here: hashing (transforms/ingest_keys.py).
"""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from flows.home import Home
from reference.errors import GUIDE, EnvironmentProblem

VARIABLE = "ZOUFANG_HASH_KEY"
SHORTEST = 32


def hash_key(home: Home) -> bytes:
    """Return the key: of the environment, else of this home's own file, made at random when first needed.

    EnvironmentProblem if it is too short, if others can read the file, or if it is not the key it once was.
    """
    return given_key() or _own_key(home)


def given_key() -> bytes | None:
    """Return the key of the environment, if there is one; EnvironmentProblem if it is too short."""
    given = os.environ.get(VARIABLE)
    if given is not None and len(given.encode()) < SHORTEST:
        raise EnvironmentProblem(f"{VARIABLE}: a key needs {SHORTEST} bytes or more; see docs/operations.md")
    return given.encode() if given is not None else None


def key_name(key: bytes) -> str:
    """Return 12 hex digits that tell one key from another and nothing else of it."""
    return hmac.digest(key, b"fingerprint", "sha256").hex()[:12]


def _own_key(home: Home) -> bytes:
    path = home.hash_key
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_suffix(".name")
    if not path.exists() and not name.exists():
        _put(path, secrets.token_hex(SHORTEST))
    if path.exists() and path.stat().st_mode & 0o077:
        raise EnvironmentProblem(f"{path}: others can read this key; chmod 600 it")
    key = path.read_bytes() if path.exists() else b""
    if not name.exists() and len(key) >= SHORTEST:
        _put(name, key_name(key))
    if len(key) < SHORTEST or name.read_bytes() != key_name(key).encode():
        raise EnvironmentProblem(
            f"{path} is damaged or gone: it is not the key that {name.name} beside it names, and another key "
            f"hashes everybody anew; put keys/ back from the backup ({GUIDE})"
        )
    if not _is_text(key):
        raise EnvironmentProblem(
            f"{path}: this key is bytes that are no text; put {2 * SHORTEST} random hex digits there "
            f"(openssl rand -hex {SHORTEST}) and remove {name.name} beside it: everybody is hashed anew"
        )
    return key


def _is_text(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def _put(path: Path, text: str) -> None:
    """Write a file whole or not at all, unless another thread was first: its key is then the key.

    A full disk, or a kill, must leave no key that is too short.
    """
    handle, draft = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".draft")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
