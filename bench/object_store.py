"""An object store on loopback that speaks S3 and looks at signatures: for benches and tests.

Here: moto's server with one bucket and one key that may use it.  Not here: what is stored (flows/lake.py).
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

BUCKET = "lake"
_REGION = "us-east-1"


@dataclass(frozen=True)
class Store:
    """A running server, and the variables by which a lake `s3://lake/…` is found and may be written to."""

    pid: int
    environment: dict[str, str]


@contextmanager
def object_store(log: Path, patience: float = 120) -> Iterator[Store]:
    """Run the server; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    with log.open("w") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(url, time.monotonic() + patience)
        yield Store(server.pid, _opened(url))
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _opened(url: str) -> dict[str, str]:
    """Make bucket and key; from here on the server asks for signatures and rights."""
    iam, s3 = _client("iam", url), _client("s3", url)
    iam.create_user(UserName="zoufang")
    keys = iam.create_access_key(UserName="zoufang")["AccessKey"]
    rights = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    iam.put_user_policy(UserName="zoufang", PolicyName="lake", PolicyDocument=policy)
    s3.create_bucket(Bucket=BUCKET)
    ask = urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(ask, timeout=30).close()
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
    }


def _client(service: str, url: str) -> Any:  # noqa: ANN401
    return boto3.client(
        service, endpoint_url=url, region_name=_REGION,
        aws_access_key_id="none", aws_secret_access_key="none",
    )  # fmt: skip


def _wait(url: str, deadline: float) -> None:
    while True:
        try:
            urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
