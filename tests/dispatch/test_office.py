"""A real office program opens the workbooks and keeps what they say."""

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
from dispatch_makers import M, list_sheets, sheet_xml, workbooks

pytestmark = pytest.mark.xdist_group("dispatched")
SOFFICE = shutil.which("soffice")


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")
def test_libreoffice_opens_and_saves_a_workbook_unchanged(dispatched: Path, tmp_path: Path) -> None:
    path = workbooks(dispatched)["330106002"]
    assert SOFFICE is not None
    command = [SOFFICE, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "xlsx", "--outdir", str(tmp_path / "saved"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    saved = tmp_path / "saved" / path.name
    assert saved.exists(), done.stderr
    before, after = list_sheets(path), list_sheets(saved)
    assert list(after) == list(before)
    for name, rows in before.items():
        assert after[name].select(rows.columns).equals(rows.select(rows.columns)), name
        page = sheet_xml(saved, name)
        assert {rule.get("type") for rule in page.iter(f"{M}dataValidation")} >= {"list", "date", "decimal"}
        assert page.find(f"{M}sheetProtection") is not None
    assert isinstance(pl.concat(after.values())["统一社会信用代码"][0], str)
