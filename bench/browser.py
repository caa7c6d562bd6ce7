"""A headless Chromium spoken to over its own protocol: what tests and bench of the wall look through.

Here: starting it, pages, keys, scripts, what it asked for and complained of.  Not here: what is expected.
"""

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 30.0
"""Seconds a state of the page is waited for; machines under load are slow."""


def find_browser() -> str | None:
    """Return the program, None if none is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One tab; `asked` holds the addresses it asked for, `complaints` errors and policy violations."""

    def __init__(self, program: str, profile: Path) -> None:
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--no-first-run", "--disable-background-networking", "--window-size=1500,1100",
                   "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self._numbers = itertools.count(1)
        self._socket = connect(_tab(profile / "DevToolsActivePort"), max_size=None)
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the protocol takes
        """Send one command and return its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE))
            self._note(message)
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def open(self, address: str) -> None:
        """Open an address and wait until the page is drawn."""
        self.asked.clear()
        self.complaints.clear()
        # Only a change behind # would leave the page before in place.
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=address)
        self.wait("document.body && document.body.dataset.edition")

    def js(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Return the value of an expression in the page."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Wait until an expression is true and return its value."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.js(expression)):
            assert time.monotonic() < deadline, f"{expression} never came true; complaints: {self.complaints}"
            time.sleep(0.05)
        return value

    def press(self, key: str) -> None:
        """Press and release a key where the focus is."""
        codes = {"Enter": 13, "Tab": 9}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=codes[key], **more)  # fmt: skip

    def picture(self, path: Path) -> None:
        """Write what the window shows as WebP."""
        found = self.send("Page.captureScreenshot", format="webp", quality=80)
        path.write_bytes(base64.b64decode(found["data"]))

    def _note(self, message: dict[str, Any]) -> None:
        given = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.asked.append(given["request"]["url"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(given["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.complaints.append(given["entry"]["text"])


def _tab(file: Path) -> str:
    """Return the address of the first tab once the browser listens."""
    deadline = time.monotonic() + PATIENCE
    while not (file.exists() and len(lines := file.read_text().splitlines()) == 2):
        assert time.monotonic() < deadline, "the browser does not start"
        time.sleep(0.05)
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=PATIENCE) as answer:
            tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
        if tabs:
            return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("the browser has no tab")
