"""The verbs `dashboard` (挂图作战), `wall export`, `wall print` (通报) and `wall link`.

Here: arguments in, messages out, the process that listens.  Not here: pages, facts, links (dashboard/).
"""

import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import HomeDir
from reference.errors import EnvironmentProblem, InputProblem

if TYPE_CHECKING:
    import uvicorn

    from dashboard.editions import Shelf

KEY_VARIABLE = "ZOUFANG_WALL_KEY"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SECONDS_A_DAY = 86_400

wall = typer.Typer(no_args_is_help=True, help="The wall as a folder, on paper, and links to parts of it.")
Scope = Annotated[str, typer.Option(help="33 the province, 3301 a city, 330106 a county")]


def dashboard(
    home: HomeDir,
    host: Annotated[
        str, typer.Option(help="address to listen on; beyond loopback links are asked for")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one")] = 8410,
) -> None:
    """Show the published batch on a wall 挂图作战: map, ranking, funnel; docs/wall.md."""
    import uvicorn

    from dashboard.editions import Shelf
    from dashboard.server import Access, make_app

    key = _key()
    if host not in LOOPBACK and key is None:
        raise InputProblem(
            f"listening on {host} shows the wall to everybody there; set {KEY_VARIABLE} and give out links "
            "(zoufang wall link), or stay on 127.0.0.1 behind a reverse proxy"
        )
    shelf = Shelf(home.resolve())
    shelf.refresh()
    config = uvicorn.Config(
        make_app(shelf, Access(key=key)),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    sockets = [_listening(config)]
    shown = f"[{host}]" if ":" in host else host
    print(f"http://{shown}:{sockets[0].getsockname()[1]}/  ({_said(shelf)}; Ctrl-C ends)", flush=True)
    uvicorn.Server(config).run(sockets=sockets)


@wall.command("export")
def export_wall(
    home: HomeDir,
    out: Annotated[Path, typer.Option(help="folder to write; open its index.html")],
    scope: Scope = "33",
) -> None:
    """Write the wall as one folder that opens from disk, without a network."""
    from dashboard.editions import read_edition
    from dashboard.export import export
    from dashboard.scope import check_scope

    print(export(read_edition(home.resolve()), out.resolve(), check_scope(scope)))


@wall.command("print")
def print_wall(
    home: HomeDir,
    out: Annotated[Path, typer.Option(help="folder to write, one PDF per place")],
    scope: Scope = "33",
    lang: Annotated[Literal["zh", "en"], typer.Option(help="zh or en")] = "zh",
) -> None:
    """Write one page A4 per place for the weekly briefing 通报: province, cities, counties; docs/print.md."""
    from dashboard.editions import read_edition
    from dashboard.prints import print_pages
    from dashboard.scope import check_scope
    from dashboard.words import Words

    edition = read_edition(home.resolve())
    printed = print_pages(edition, out.resolve(), check_scope(scope), Words(lang))
    batch = edition.documents["wall"]["batch"]
    print(f"{batch['batch_id']}, facts to {batch['facts_as_of']}: {printed.pages} pages in {out.resolve()}")
    if printed.missing:
        codes = ", ".join(f"U+{ord(letter):04X}" for letter in sorted(printed.missing))
        print(f"printed as 〓, for the font has no glyph of them: {codes}", file=sys.stderr)


@wall.command("link")
def link_wall(
    scope: Scope,
    days: Annotated[int, typer.Option(min=1, max=366, help="days until the link ends")] = 30,
    base: Annotated[str, typer.Option(help="where viewers reach the wall")] = "http://127.0.0.1:8410/",
) -> None:
    """Print a signed link that shows one city or county, until it ends."""
    from dashboard.scope import check_scope, sign

    key = _key()
    if key is None:
        raise InputProblem(f"links are signed with {KEY_VARIABLE}; set it here as it is set for the server")
    token = sign(check_scope(scope), int(time.time()) + days * SECONDS_A_DAY, key)
    print(f"{base.rstrip('/')}/?token={token}")


def _key() -> bytes | None:
    from dashboard.scope import check_key

    text = os.environ.get(KEY_VARIABLE)
    return check_key(text) if text else None


def _listening(config: "uvicorn.Config") -> socket.socket:
    """Return the bound socket; EnvironmentProblem, not uvicorn's exit, where the port is taken."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # asyncio sends small answers at once only where the protocol is said: else each waits 40 ms for an ACK.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
    except OSError as error:
        listening.close()
        raise EnvironmentProblem(
            f"cannot listen on {config.host} port {config.port}: {error.strerror}; choose another --port"
        ) from error
    return listening


def _said(shelf: "Shelf") -> str:
    batch = shelf.current.documents["wall"]["batch"]
    return f"{batch['batch_id']}, as of {batch['as_of']}"
