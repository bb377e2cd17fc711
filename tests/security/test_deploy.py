"""The units under deploy/: what they start is there, and they leave it the time that it needs."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from canvalo import serve
from tests.stack import PROJECT

UNITS = sorted((PROJECT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
each_service = pytest.mark.parametrize("unit", SERVICES, ids=lambda u: u.name)


def value(unit, key):
    """What the unit says of a key."""
    return re.search(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)[1]


@each_service
def test_what_a_unit_starts_is_there(unit):
    """A module that can be run, with the words that it takes."""
    words = value(unit, "ExecStart").split()
    assert words[:2] == ["/srv/canvalo/.venv/bin/python", "-m"]
    assert find_spec(words[2]) is not None


@each_service
def test_no_unit_runs_as_root_or_may_become_it(unit):
    """Whatever happens inside."""
    assert value(unit, "User") == "canvalo"
    assert value(unit, "NoNewPrivileges") == "true"
    assert value(unit, "CapabilityBoundingSet") == ""


SHUT = ("RestrictSUIDSGID", "RestrictRealtime", "ProtectHostname", "ProtectKernelLogs")


@each_service
@pytest.mark.parametrize("door", SHUT)
def test_a_unit_keeps_shut_what_nothing_here_goes_through(unit, door):
    """As `systemd-analyze security` advises, where it needs no trial on a machine."""
    assert value(unit, door) == "true"
    assert value(unit, "ProtectProc") == "invisible"


def test_the_web_process_has_time_to_drain():
    """Or systemd would kill it with requests in it."""
    web = PROJECT / "deploy" / "systemd" / "canvalo-web@.service"
    assert int(value(web, "TimeoutStopSec")) > 6 + serve.LAST_ANSWER


def test_every_unit_that_another_names_is_there():
    """A slip would be found on the server."""
    named = {
        re.sub(r"@\w+\.", "@.", name)
        for unit in UNITS
        for name in re.findall(r"canvalo[\w@-]*\.(?:service|socket|target)", unit.read_text())
    }
    assert named - {unit.name for unit in UNITS} == set()


def test_stopping_the_target_stops_all_that_it_started():
    """The socket too: a connection would start a web process again."""
    target = PROJECT / "deploy" / "systemd" / "canvalo.target"
    for name in value(target, "Wants").split():
        unit = PROJECT / "deploy" / "systemd" / re.sub(r"@\w+\.", "@.", name)
        assert value(unit, "PartOf") == "canvalo.target"


def test_systemd_finds_nothing_wrong(tmp_path):
    """Where there is a systemd to ask; the interpreter is the one that is here."""
    if shutil.which("systemd-analyze") is None:
        return
    for unit in UNITS:
        text = unit.read_text().replace("/srv/canvalo/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text)
    paths = [tmp_path / unit.name.replace("@.", "@1.") for unit in UNITS]
    asked = ["systemd-analyze", "verify", "--man=no", *map(str, paths)]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compose_file_says_that_it_is_untested():
    """Until somebody ran it."""
    text = (PROJECT / "deploy" / "compose.yaml").read_text()
    assert text.startswith("# UNTESTED")
    assert "python -m canvalo.serve" in text
