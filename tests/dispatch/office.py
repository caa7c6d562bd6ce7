"""LibreOffice as an officer uses it: opens a workbook, looks at it, types into its cells, saves.

It runs without a window. A document it only converts has no view and loses its frozen panes, so a macro of a
profile of its own opens it.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

SOFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")

_DTD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE {0} PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "{1}.dtd">\n'
)
_LIBRARY = 'xmlns:library="http://openoffice.org/2000/library" library:name="Standard"'
_MACRO = """Sub Main
 On Error Goto Bad
 Open "{log}" For Output As #1
 Dim load(0) As New com.sun.star.beans.PropertyValue
 load(0).Name = "Hidden"
 load(0).Value = True
 doc = StarDesktop.loadComponentFromURL(ConvertToURL("{source}"), "_blank", 0, load())
 view = doc.CurrentController
{lines}
 Dim save(0) As New com.sun.star.beans.PropertyValue
 save(0).Name = "FilterName"
 save(0).Value = "Calc MS Excel 2007 XML"
 doc.storeToURL(ConvertToURL("{saved}"), save())
 doc.close(True)
 Close #1
 StarDesktop.terminate()
 Exit Sub
Bad:
 Print #1, "error " & Error & " in line " & Erl
 Close #1
 StarDesktop.terminate()
End Sub
"""


def convert(path: Path, folder: Path) -> Path:
    """Open and save a workbook; return the copy."""
    _run(folder, "--convert-to", "xlsx", "--outdir", str(folder / "saved"), str(path))
    return folder / "saved" / path.name


def in_office(path: Path, folder: Path, lines: Sequence[str]) -> tuple[Path, list[list[str]]]:
    """Open a workbook, run lines of Basic on `doc` and its `view`, save; return the copy and what they told.

    A line tells by `Print #1, text`, which comes back split at blanks.
    """
    _run(folder, "--terminate_after_init")
    log, saved, opened = folder / "log.txt", folder / "saved.xlsx", folder / "opened.xlsx"
    shutil.copyfile(path, opened)
    basic = _MACRO.format(log=log, source=opened, saved=saved, lines="\n".join(f" {line}" for line in lines))
    _install(folder / "profile" / "user" / "basic", basic)
    _run(folder, "macro:///Standard.Module1.Main")
    told = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
    assert saved.exists(), told
    return saved, told


def _run(folder: Path, *arguments: str) -> None:
    assert SOFFICE is not None
    command = [SOFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore"]
    subprocess.run([*command, *arguments], capture_output=True, timeout=180, check=True)


def _install(basic: Path, macro: str) -> None:
    """Write the macro as the only module of the profile's standard library."""
    module = (
        '<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" '
        f'script:language="StarBasic">{escape(macro)}</script:module>'
    )
    library = f'<library:library {_LIBRARY}><library:element library:name="Module1"/></library:library>'
    standard = basic / "Standard"
    (standard / "Module1.xba").write_text(_DTD.format("script:module", "module") + module, encoding="utf-8")
    (standard / "script.xlb").write_text(
        _DTD.format("library:library", "library") + library, encoding="utf-8"
    )
