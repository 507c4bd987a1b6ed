"""What supervisord is told: every program with its environment, in groups that stop in order."""

import configparser
from pathlib import Path

import pytest

from deploy.local import programs
from deploy.local.home import Home
from deploy.local.programs import Program


def told(home: Home, *some: Program) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(programs.configuration(home, home.run / "supervisor.sock", some))
    return parser


def test_a_program_cannot_outlive_supervisord_and_is_started_again_when_it_ends(tmp_path: Path) -> None:
    written = told(Home(tmp_path), Program("mongod", ["mongod", "--dbpath", "a b"], "servers", order=2))[
        "program:mongod"
    ]
    assert written["command"] == "setpriv --pdeathsig TERM -- mongod --dbpath 'a b'"
    assert written["autorestart"] == "true"


def test_groups_stop_the_highest_order_first(tmp_path: Path) -> None:
    written = told(
        Home(tmp_path),
        Program("gateway", ["a"], "services", order=3),
        Program("epmd", ["b"], "names", order=1),
        Program("selection", ["c"], "services", order=3),
    )
    assert written["group:services"]["programs"] == "gateway,selection"
    assert int(written["group:services"]["priority"]) > int(written["group:names"]["priority"])


def test_the_control_socket_leaves_a_home_whose_path_is_too_long_for_one(tmp_path: Path) -> None:
    home = Home(tmp_path / ("x" * 120))
    socket = programs.control_socket(home)
    assert len(str(socket)) < 108
    programs.discard(home, socket)
    assert not socket.parent.exists()


@pytest.mark.parametrize("name", ["registration", "gateway"])
def test_the_name_supervisord_knows_a_program_by_includes_its_group(name: str) -> None:
    assert Program(name, ["x"], "services", order=3).full_name == f"services:{name}"
