"""The files of a backup, and the keys apart from it: what is damaged, strange or missing is told in plain words."""

import contextlib
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from aio_pika.exceptions import ChannelNotFoundEntity

from deploy import backup as backing_up
from deploy import restore as restoring
from deploy.kept import keys
from deploy.kept.files import FORMAT, Backup, Draft, Unusable


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    draft = Draft(tmp_path / "kept")
    with draft.compressed("databases/registration/applicants.bson.gz") as file:
        file.write(b"bson")
    with draft.compressed("log.jsonl.gz") as file:
        file.write(b"{}\n")
    draft.finish({"jalur": "0.1.0", "keys": {}})
    return draft.target


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    path = tmp_path / "secrets"
    (path / "services" / "registration").mkdir(parents=True)
    (path / "jalur_person_key").write_text("p" * 64)
    (path / "field_key").write_text("f" * 64)
    (path / "services" / "registration" / "jalur_person_key").write_text("p" * 64)
    return path


def test_what_was_written_is_read_and_is_for_its_owner_alone(kept: Path) -> None:
    backup = Backup(kept)
    assert backup.manifest == {"format": FORMAT, "jalur": "0.1.0", "keys": {}}
    with backup.compressed("databases/registration/applicants.bson.gz") as file:
        assert file.read() == b"bson"
    for path in [kept, *kept.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=kept, check=False).returncode == 0


def test_a_backup_is_never_written_over_and_half_a_one_is_none(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="exists already"):
        Draft(kept)
    draft = Draft(tmp_path / "another")
    draft.json("subscribers.json", {})
    assert not (tmp_path / "another").exists()
    assert Draft(tmp_path / "another").path.is_dir()  # what was cut short is in nobody's way
    with pytest.raises(Unusable, match="no backup"):
        Backup(tmp_path / "another")
    with pytest.raises(Unusable, match="cannot be written"):
        Draft(kept / "manifest.json" / "within")


def test_damage_is_found(kept: Path) -> None:
    log = kept / "log.jsonl.gz"
    whole = log.read_bytes()
    log.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(Unusable, match=r"log\.jsonl\.gz in .* is damaged"):
        Backup(kept)
    log.write_bytes(whole)
    Backup(kept)
    (kept / "added").write_text("")
    with pytest.raises(Unusable, match=r"added in .* is damaged"):
        Backup(kept)
    (kept / "added").unlink()
    log.unlink()
    with pytest.raises(Unusable, match=r"log\.jsonl\.gz is missing"):
        Backup(kept)


def test_a_backup_of_another_format_names_who_can_read_it(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "younger")
    draft.finish({"format": FORMAT + 1, "jalur": "7.5.3"})
    with pytest.raises(Unusable, match=r"format 2, and this version reads 1: restore it with Jalur 7\.5\.3"):
        Backup(tmp_path / "younger")


def test_keys_do_not_lie_with_the_data(tmp_path: Path) -> None:
    for to, apart in (("a", "a"), ("a", "a/keys"), ("a/data", "a"), ("a", "b/../a/keys")):
        with pytest.raises(Unusable, match="must not lie together"):
            backing_up._keep_apart(tmp_path / to, tmp_path / apart)
    backing_up._keep_apart(tmp_path / "a", tmp_path / "b")


def test_keys_are_copied_for_their_owner_alone_and_never_written_over(secrets: Path, tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere" / "keys"
    keys.copy(secrets, copied)
    assert (copied / "services" / "registration" / "jalur_person_key").read_text() == "p" * 64
    for path in [copied, *copied.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(Unusable, match="not empty"):
        keys.copy(secrets, copied)
    with pytest.raises(Unusable, match="does not hold the keys"):
        keys.copy(tmp_path / "nothing", tmp_path / "again")


def test_other_keys_than_those_of_the_data_are_refused(secrets: Path, tmp_path: Path) -> None:
    wanted = keys.fingerprints(secrets)
    assert wanted is not None
    assert not {"p" * 64, "f" * 64} & set(json.dumps(wanted).split('"'))
    keys.check(wanted, secrets)
    keys.check(None, tmp_path)  # nobody knows which they were
    (secrets / "field_key").write_text(f"k2:{'g' * 64},local:{'f' * 64}")  # a younger one in front of it
    keys.check(wanted, secrets)
    (secrets / "field_key").write_text(f"k2:{'g' * 64}")
    with pytest.raises(Unusable, match="field key 'local' is missing"):
        keys.check(wanted, secrets)
    (secrets / "jalur_person_key").write_text("q" * 64)
    with pytest.raises(Unusable, match=r"person key .* is another"):
        keys.check(wanted, secrets)
    with pytest.raises(Unusable, match="there are no keys"):
        keys.check(wanted, tmp_path / "nothing")


@pytest.mark.parametrize(
    "failures", [[ChannelNotFoundEntity("down or inaccessible")], [ConnectionResetError(), KeyError()]]
)
def test_what_the_broker_refuses_while_a_restore_makes_queues_is_told_in_a_sentence(
    kept: Path, monkeypatch: pytest.MonkeyPatch, failures: list[Exception]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ExceptionGroup("unhandled errors in a TaskGroup", failures)

    monkeypatch.setattr(sys, "argv", ["restore", str(kept)])
    monkeypatch.setattr(keys, "check", lambda *_: None)
    monkeypatch.setattr(restoring, "_target", lambda: contextlib.nullcontext())
    monkeypatch.setattr(restoring, "restore", refused)
    if len(failures) == 1:
        with pytest.raises(SystemExit, match=r"^not restored: RabbitMQ, or the disk: down or inaccessible$"):
            restoring.main()
    else:  # a defect of ours is not called the broker's
        with pytest.raises(ExceptionGroup):
            restoring.main()
