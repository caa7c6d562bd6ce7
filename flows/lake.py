"""The lake in an object store that speaks S3: files by their content, small JSON by its name.

Here: the store, its faults as those of a machine, content checked on the way back.  Endpoint and credentials
are those of the environment (AWS_*), and stay there.  Not here: what is kept in it (lake_steps.py).
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import obstore
from obstore import exceptions
from obstore.store import S3Store

from flows.manifest import SEAL, seal_of
from reference.errors import EnvironmentProblem, InputProblem

T = TypeVar("T")
LANES = 8
"""Files under way at a time: what a small one costs is the way there and back."""
LARGE = 4_000_000
"""Bytes from which on it pays to ask whether a file is there before it is sent."""
_REFUSED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)


class Lake:
    """A bucket, or a folder of one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = _store(url, retries=8, patience=60)

    def require_usable(self) -> None:
        """Write and read a word; InputProblem or EnvironmentProblem says what stands in the way."""
        store, name = _store(self.url, retries=1, patience=5), "lake.json"
        try:
            obstore.put(store, name, b'{"layout": 1}')
            obstore.get(store, name).bytes()
        except FileNotFoundError:
            raise InputProblem(f"{self.url}: there is no such bucket; make it or correct --lake") from None
        except _REFUSED:
            raise InputProblem(
                f"{self.url}: the store refuses these credentials; look at AWS_ACCESS_KEY_ID, "
                f"AWS_SECRET_ACCESS_KEY and the rights on the bucket (docs/operations.md, A cluster)"
            ) from None
        except (exceptions.BaseError, OSError):
            where = _endpoint() or "Amazon (AWS_ENDPOINT_URL is not set)"
            raise EnvironmentProblem(
                f"{self.url}: no store answers at {where}; start it or correct AWS_ENDPOINT_URL"
            ) from None

    def holds(self, hashes: Iterable[str]) -> bool:
        """Return whether files of all these contents are there."""
        return all(_in_lanes(self._has, {*hashes}))

    def send(self, files: Iterable[tuple[Path, str]]) -> None:
        """Store files by their SHA-256, as far as they are not there."""
        list(_in_lanes(self._send, {sha256: path for path, sha256 in files}.items()))

    def fetch(self, files: Iterable[tuple[Path, str]]) -> None:
        """Write files of these contents to paths; a fault if the store gives other bytes."""
        list(_in_lanes(lambda wanted: self._fetch(*wanted), files))

    def read(self, name: str) -> dict[str, Any] | None:
        """Return a JSON object by its name; None if there is none, or not as it was written."""
        with self._told(name):
            try:
                raw: dict[str, Any] = json.loads(obstore.get(self.store, name).bytes().to_bytes())
            except FileNotFoundError:
                return None
            except ValueError:
                return None
        return raw if raw.pop(SEAL, "") == seal_of(raw) else None

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Store a JSON object under a name, whole or not at all."""
        sealed = {**content, SEAL: seal_of(content)}
        with self._told(name):
            obstore.put(self.store, name, json.dumps(sealed, ensure_ascii=False, default=str).encode())

    def _has(self, sha256: str) -> bool:
        with self._told(_key(sha256)):
            try:
                obstore.head(self.store, _key(sha256))
            except FileNotFoundError:
                return False
        return True

    def _send(self, file: tuple[str, Path]) -> None:
        sha256, path = file
        if path.stat().st_size < LARGE or not self._has(sha256):
            with self._told(_key(sha256)):
                obstore.put(self.store, _key(sha256), path)

    def _fetch(self, path: Path, sha256: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft, found = path.with_name(f".{uuid4().hex}.tmp"), hashlib.sha256()
        try:
            with self._told(_key(sha256)), draft.open("wb") as handle:
                for chunk in obstore.get(self.store, _key(sha256)).stream():
                    found.update(chunk)
                    handle.write(chunk)
            if found.hexdigest() != sha256:
                told = "the lake gave other bytes than were stored; delete the object"
                raise OSError(errno.EIO, told, f"{self.url}/{_key(sha256)}")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Let faults of the store be faults of the machine; what the library says may name the request."""
        try:
            yield
        except FileNotFoundError:
            told = "not in the lake any more"
            raise FileNotFoundError(errno.ENOENT, told, f"{self.url}/{key}") from None
        except _REFUSED:
            told = "the lake refuses these credentials"
            raise PermissionError(errno.EACCES, told, f"{self.url}/{key}") from None
        except exceptions.BaseError:
            raise OSError(errno.EIO, "the lake does not answer", f"{self.url}/{key}") from None


@cache
def open_lake(url: str) -> Lake:
    """Return the lake of a URL; a process keeps one connection."""
    return Lake(url)


def _key(sha256: str) -> str:
    return f"objects/{sha256}"


def _endpoint() -> str:
    names: Sequence[str] = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _store(url: str, retries: int, patience: int) -> S3Store:
    return S3Store.from_url(
        url,
        client_options={"allow_http": _endpoint().startswith("http://"), "connect_timeout": "5s"},
        retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=patience)},
    )


A = TypeVar("A")


def _in_lanes(work: Callable[[A], T], items: Iterable[A]) -> Iterator[T]:
    with ThreadPoolExecutor(LANES) as pool:
        yield from pool.map(work, items)
