"""The wall over HTTP: what it answers, to whom, with which headers, and that it sees a new batch."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from wall_case import publish_case

from dashboard.editions import Shelf
from dashboard.scope import check_key, check_scope, read_token, sign
from dashboard.server import Access, make_app
from reference.errors import InputProblem

KEY = b"k" * 32
LOCAL = "http://127.0.0.1"


@pytest.fixture(scope="module")
def shelf(home: Path) -> Shelf:
    found = Shelf(home)
    found.refresh()
    return found


@pytest.fixture
def client(shelf: Shelf) -> TestClient:
    return TestClient(make_app(shelf, Access()), base_url=LOCAL)


@pytest.fixture
def keyed(shelf: Shelf) -> Callable[[str], TestClient]:
    """Make a client that came in by a link of that scope."""

    def _keyed(scope: str) -> TestClient:
        client = TestClient(make_app(shelf, Access(key=KEY)), base_url=LOCAL)
        assert client.get(f"/?token={sign(scope, int(time.time()) + 60, KEY)}").status_code == 200
        return client

    return _keyed


def test_facts_over_http_are_the_documents(client: TestClient, shelf: Shelf) -> None:
    now = client.get("/now").json()
    assert now == {"edition": shelf.current.id, "scope": "33"}
    for name in ("wall", "county/330106"):
        assert client.get(f"/facts/{now['edition']}/{name}.json").json() == shelf.current.documents[name]


@pytest.mark.parametrize("path", ["/", "/now", "/static/wall.js", "/nowhere", "/facts/x/wall.json"])
def test_every_answer_has_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert (headers["x-frame-options"], headers["cross-origin-resource-policy"]) == ("DENY", "same-origin")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/now", "/static/wall.js"])
def test_nothing_can_be_written(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/static/..%2feditions.py", "/static/%2e%2e%2fserver.py", "/static/index.html", "/facts/{}/../wall.json",
     "/facts/{}/county%2f999999.json", "/facts/{}/wall' OR 1=1 --.json",
     "/facts/{}/select * from dim_batch.json"],
)  # fmt: skip
def test_only_known_names_are_answered(client: TestClient, shelf: Shelf, path: str) -> None:
    assert client.get(path.format(shelf.current.id)).status_code == 404


@pytest.mark.parametrize("host", ["127.0.0.1:8410", "localhost:8410", "localhost", "[::1]:8410"])
def test_every_name_of_loopback_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/now", headers={"host": host}).status_code == 200


def test_another_host_name_is_refused_on_open_loopback(client: TestClient) -> None:
    assert client.get("/now", headers={"host": "evil.example"}).status_code == 400


def test_the_page_holds_nothing_inline_and_nothing_of_another_host(client: TestClient) -> None:
    html = client.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", html)
    assert not re.search(r"https?://|//[a-z]", html)
    for name in set(re.findall(r"static/([\w.]+)", html)):
        found = client.get(f"/static/{name}")
        assert found.status_code == 200
        assert "innerHTML" not in found.text
        assert "insertAdjacentHTML" not in found.text
        assert not re.search(r"\beval\(|new Function|document\.write", found.text)


def test_without_a_link_a_keyed_wall_shows_nothing(shelf: Shelf) -> None:
    client = TestClient(make_app(shelf, Access(key=KEY)), base_url=LOCAL)
    for path in ("/", "/now", f"/facts/{shelf.current.id}/wall.json"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "西湖区" not in answer.text


def test_a_county_sees_its_own(keyed: Callable[[str], TestClient], shelf: Shelf) -> None:
    client = keyed("330106")
    assert client.get("/now").json()["scope"] == "330106"
    wall = client.get(f"/facts/{shelf.current.id}/wall.json").json()
    assert [area["name"] for area in wall["counties"]] == ["西湖区"]
    assert (wall["cities"], wall["regions"], wall["banks"], wall["account"]) == ([], {}, [], [])
    text = json.dumps(wall, ensure_ascii=False)
    assert not [name for name in ("拱墅区", "海曙区", "宁波市") if name in text]
    assert client.get(f"/facts/{shelf.current.id}/county/330106.json").status_code == 200
    assert client.get(f"/facts/{shelf.current.id}/county/330105.json").status_code == 404


def test_no_header_widens_what_a_link_shows(keyed: Callable[[str], TestClient], shelf: Shelf) -> None:
    claims = dict.fromkeys(("X-Scope", "X-Forwarded-User", "X-Remote-User", "Authorization"), "33")
    client = keyed("330106")
    assert client.get("/now", headers=claims).json()["scope"] == "330106"
    assert client.get(f"/facts/{shelf.current.id}/county/330105.json", headers=claims).status_code == 404
    stranger = TestClient(make_app(shelf, Access(key=KEY)), base_url=LOCAL, headers=claims)
    assert stranger.get("/now").status_code == 403


def test_a_city_sees_its_counties_and_no_others(keyed: Callable[[str], TestClient], shelf: Shelf) -> None:
    client = keyed("3301")
    wall = client.get(f"/facts/{shelf.current.id}/wall.json").json()
    assert [area["name"] for area in wall["cities"]] == ["杭州市"]
    assert {area["code"][:4] for area in wall["counties"]} == {"3301"}
    assert client.get(f"/facts/{shelf.current.id}/county/330105.json").status_code == 200
    assert client.get(f"/facts/{shelf.current.id}/county/330203.json").status_code == 404


def test_facts_by_link_are_not_kept_by_browsers_or_proxies(
    keyed: Callable[[str], TestClient], shelf: Shelf
) -> None:
    answer = keyed("330106").get(f"/facts/{shelf.current.id}/wall.json")
    assert answer.headers["cache-control"] == "no-store"


def test_the_cookie_of_a_link_is_closed_to_scripts_and_the_address_is_clean(shelf: Shelf) -> None:
    client = TestClient(make_app(shelf, Access(key=KEY)), base_url=LOCAL, follow_redirects=False)
    answer = client.get(f"/?token={sign('33', int(time.time()) + 60, KEY)}")
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    assert {"HttpOnly", "SameSite=lax"} <= {part.strip() for part in answer.headers["set-cookie"].split(";")}


def test_a_link_over_changed_or_of_another_key_is_refused(shelf: Shelf) -> None:
    soon = int(time.time()) + 60
    good = sign("330106", soon, KEY)
    assert read_token(good, KEY, time.time()) == ("330106", soon)
    _, ends, seal = good.split(".")
    bad = [
        sign("330106", int(time.time()) - 1, KEY), sign("330106", soon, b"x" * 32), f"33.{ends}.{seal}",
        f"330106.{soon + 999}.{seal}", f"330106.{ends}.{seal[:-1]}!", "", "33", good + "x",
    ]  # fmt: skip
    for token in bad:
        client = TestClient(make_app(shelf, Access(key=KEY)), base_url=LOCAL)
        assert client.get("/", params={"token": token}).status_code == 403, token
        client.cookies.set("wall", token)
        assert client.get("/now").status_code == 403, token


def test_short_keys_and_odd_scopes_are_refused() -> None:
    assert check_key("k" * 32) == KEY
    with pytest.raises(InputProblem, match="at least 32"):
        check_key("secret")
    assert [check_scope(scope) for scope in ("33", "3301", "330106")] == ["33", "3301", "330106"]
    for scope in ("", "3", "330", "34", "330106001", "33'"):
        with pytest.raises(InputProblem, match="330106 a county"):
            check_scope(scope)


def test_a_new_batch_is_noticed_and_open_pages_keep_theirs(tmp_path: Path) -> None:
    home = publish_case(tmp_path / "one")
    shelf = Shelf(home)
    assert shelf.refresh()
    assert not shelf.refresh()
    with TestClient(make_app(shelf, Access(), watch_seconds=0.05), base_url=LOCAL) as client:
        before = client.get("/now").json()["edition"]
        publish_case(tmp_path / "two", home, run="bbbbbbbbbbbb")
        deadline = time.monotonic() + 20
        while (after := client.get("/now").json()["edition"]) == before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.get(f"/facts/{after}/wall.json").json()["batch"]["run_id"] == "20250331-bbbbbbbbbbbb"
        assert client.get(f"/facts/{before}/wall.json").json()["batch"]["run_id"] == "20250331-aaaaaaaaaaaa"


def test_a_file_that_cannot_be_read_leaves_the_batch_before_on_the_wall(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = publish_case(tmp_path / "one")
    shelf = Shelf(home)
    shelf.refresh()
    with TestClient(make_app(shelf, Access(), watch_seconds=0.05), base_url=LOCAL) as client:
        before = client.get("/now").json()
        broken = tmp_path / "broken"
        broken.write_bytes(b"no database")
        broken.replace(home / "warehouse" / "zoufang.duckdb")
        deadline = time.monotonic() + 20
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        assert client.get("/now").json() == before
        told = [record for record in caplog.records if record.name == "zoufang.dashboard"]
        assert len(told) == 1


def test_the_file_is_not_held_open(home: Path) -> None:
    shelf = Shelf(home)
    shelf.refresh()
    held = {path.resolve() for path in Path("/proc/self/fd").iterdir() if path.exists()}
    assert (home / "warehouse" / "zoufang.duckdb").resolve() not in held
