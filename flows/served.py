"""Prefect's server as a process that ends when whoever started it does, however that ends.

Here: `python -m flows.served PORT`; its standard input is a pipe that nobody writes to, and its end is the
end of the process that holds the other side: killed, that process can tell nobody.
Not here: starting it and waiting for it (own_server.py).
"""

import os
import signal
import sys
import threading

ADDRESS = "127.0.0.1"


def main() -> None:
    """Serve at the port named as argument."""
    # Whoever asks only for the address does not load it.
    import uvicorn

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
