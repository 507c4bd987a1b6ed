"""A home is held by one run at a time, keeps its secrets and ports, and shows them to nobody else."""

import socket
import stat
from pathlib import Path

import pytest

from deploy.local import services
from deploy.local.home import Home, HomeInUse, is_free
from deploy.secret_files import write_private


def urls(host: str) -> dict[str, tuple[str, str]]:
    return {name: (f"amqp://{name}@{host}/", f"mongodb://{name}@{host}/") for name in services.ALL}


def secrets_in(home: Home) -> dict[Path, str]:
    return {path: path.read_text() for path in home.secrets.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.take()
    return made


def test_a_second_run_in_the_same_home_is_refused_until_the_first_lets_go(home: Home) -> None:
    second = Home(home.path)
    with pytest.raises(HomeInUse, match="process"):
        second.take()
    home.release()
    second.take()


def test_everything_in_a_home_is_for_its_owner_alone(home: Home) -> None:
    home.settle(urls("a"))
    for path in [home.path, *home.path.rglob("*")]:
        allowed = 0o700 if path.is_dir() else 0o600
        if path.name != "lock":
            assert stat.S_IMODE(path.stat().st_mode) == allowed, path


def test_secrets_are_decided_once_and_addresses_every_time(home: Home) -> None:
    home.settle(urls("first"))
    first = secrets_in(home)
    home.settle(urls("second"))
    second = secrets_in(home)
    changed = {path.name for path in second if first[path] != second[path]}
    assert changed == {"jalur_amqp_url", "jalur_mongo_url"}
    keys = [value for path, value in second.items() if path.parent == home.secrets]
    assert len(keys) == 7
    assert len(set(keys)) == len(keys)
    assert min(len(key) for key in keys) >= 32


def test_a_service_reads_its_own_secrets_and_those_of_no_other(home: Home) -> None:
    home.settle(urls("a"))
    common = {"jalur_amqp_url", "jalur_mongo_url", "jalur_actor_public_keys", "jalur_metrics_token"}
    own = {
        "registration": {"jalur_field_keys", "jalur_person_key"},
        "gateway": {"jalur_actor_private_key", "jalur_admin_password", "jalur_admin_token", "jalur_webhook_keys"},
    }
    for service in services.ALL:
        held = {path.name: path.read_text() for path in home.secrets_of(service).iterdir()}
        assert set(held) == common | own.get(service, set())
        assert held["jalur_amqp_url"] == f"amqp://{service}@a/"
        assert '"d"' not in held["jalur_actor_public_keys"]


def test_the_secrets_that_services_once_shared_move_and_keep_what_was_decided(home: Home) -> None:
    shared = ("actor_key", "person_key", "field_keys", "amqp_url", "mongo_url", "admin_password", "admin_token")
    for name in shared:
        write_private(home.secrets / f"jalur_{name}", f"old {name}")
    write_private(home.secrets / "field_key", "old field key")
    home.settle(urls("a"))
    registration, gateway = home.secrets_of("registration"), home.secrets_of("gateway")
    assert (registration / "jalur_person_key").read_text() == "old person_key"
    assert (registration / "jalur_field_keys").read_text() == "local:old field key"
    assert (gateway / "jalur_admin_token").read_text() == "old admin_token"
    left = {path.name for path in home.secrets.iterdir()}
    assert not left & {"jalur_actor_key", "jalur_field_keys", "jalur_amqp_url", "jalur_mongo_url"}


def test_a_file_that_was_open_to_others_is_private_after_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_ports_are_kept_while_they_are_free_and_replaced_when_taken(home: Home) -> None:
    first = home.ports(["amqp", "mongodb"])
    assert len(set(first.values())) == 2
    assert home.ports(["amqp", "mongodb"]) == first
    with socket.create_server(("127.0.0.1", first["amqp"])):
        assert not is_free(first["amqp"])
        second = home.ports(["amqp", "mongodb"])
    assert second["amqp"] != first["amqp"]
    assert second["mongodb"] == first["mongodb"]


@pytest.mark.parametrize("name", ['a "quoted" name', "50%", "a;b", "back\\slash"])
def test_a_home_that_supervisord_cannot_be_told_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be used"):
        Home(tmp_path / name)
