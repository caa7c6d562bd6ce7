"""Prefect's server as a process that ends when whoever started it does, however that ends.

Here: `python -m flows.served PORT`. Its standard input is a pipe: one byte tells it to serve, and the end of
the pipe is the end of the process that holds the other side: killed, that process can tell nobody.
Not here: starting it and waiting for it (own_server.py).
"""

import os
import signal
import sys
import threading

ADDRESS = "127.0.0.1"
SERVE = b"\n"
"""What it is told to serve by."""


def main() -> None:
    """Load the server's program; serve at the port named as argument once the word comes."""
    # An interrupt ends what is only loading without a word; the server has its own way to end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Whoever asks only for the address does not load them.
    import uvicorn
    from prefect.server.api import server  # noqa: F401

    if sys.stdin.buffer.read(1) != SERVE:
        return
    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True, host=ADDRESS, port=int(sys.argv[1]), log_level="error", lifespan="on",
    )  # fmt: skip


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
