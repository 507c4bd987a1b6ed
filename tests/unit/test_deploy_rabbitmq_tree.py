"""Which RabbitMQ the node is run from; it is shown it without the plugins that nothing wanted needs."""

from pathlib import Path

import pytest

from deploy.local import rabbitmq, rabbitmq_tree
from deploy.local.supervision import StartFailed

DEPENDENCIES = {
    "rabbit": "rabbitmq_prelaunch,ra",
    "rabbitmq_prelaunch": "rabbit_common",
    "rabbitmq_management": "rabbit,rabbitmq_web_dispatch",
    "rabbitmq_prometheus": "rabbit,rabbitmq_management",
    "rabbitmq_shovel": "rabbit",
    "rabbitmq_web_dispatch": "cowboy",
    "rabbitmq_mqtt": "rabbit",
    "cowboy": "",
    "ra": "",
}


def installation(root: Path, dependencies: dict[str, str]) -> Path:
    for name, needs in dependencies.items():
        ebin = root / "plugins" / f"{name}-1.0" / "ebin"
        ebin.mkdir(parents=True)
        (ebin / f"{name}.app").write_text(f"{{application, {name}, [{{applications, [{needs}]}}]}}.")
    (root / "sbin").mkdir()
    script = root / "sbin" / "rabbitmq-server"
    script.touch()
    return script


def test_plugins_that_are_not_needed_are_left_out_and_libraries_stay(tmp_path: Path) -> None:
    scripts = rabbitmq_tree.view(installation(tmp_path / "installed", DEPENDENCIES), tmp_path / "view")
    assert scripts == tmp_path / "view" / "sbin"
    assert (scripts / "rabbitmq-server").exists()
    shown = {path.name.partition("-")[0] for path in (tmp_path / "view" / "plugins").iterdir()}
    assert shown == set(DEPENDENCIES) - {"rabbitmq_mqtt"}


def test_the_view_is_made_anew_when_the_installation_has_changed(tmp_path: Path) -> None:
    rabbitmq_tree.view(installation(tmp_path / "old", DEPENDENCIES), tmp_path / "view")
    rabbitmq_tree.view(installation(tmp_path / "new", DEPENDENCIES), tmp_path / "view")
    assert (tmp_path / "view" / "sbin").resolve() == (tmp_path / "new" / "sbin")


def test_an_unfamiliar_installation_is_used_as_it_is(tmp_path: Path) -> None:
    script = installation(tmp_path / "installed", {"rabbit": ""})
    assert rabbitmq_tree.view(script, tmp_path / "view") == script.parent


def test_no_view_is_made_where_rabbitmq_s_scripts_would_stumble_over_the_path(tmp_path: Path) -> None:
    script = installation(tmp_path / "installed", DEPENDENCIES)
    assert rabbitmq_tree.view(script, tmp_path / "a view") == script.parent


def test_another_rabbitmq_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = installation(tmp_path, DEPENDENCIES)
    monkeypatch.setenv("JALUR_RABBITMQ_SERVER", str(named))
    assert rabbitmq.script() == named
    monkeypatch.setenv("JALUR_RABBITMQ_SERVER", str(tmp_path))
    with pytest.raises(StartFailed, match="JALUR_RABBITMQ_SERVER names no file"):
        rabbitmq.script()
