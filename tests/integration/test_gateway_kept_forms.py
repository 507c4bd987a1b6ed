"""Forms that are being filled in: only the browser that holds the cookie can find or read one."""

from datetime import UTC, datetime, timedelta

from services.gateway.kept_forms import KeptForms
from tests.integration.gateway_alone import Alone, alone

__all__ = ["alone"]

SECRET, OTHER = "s" * 43, "t" * 43
TYPED = {"answers": {"name": "Siti Aminah", "nik": "3375014101000001"}}


async def test_a_draft_is_read_by_its_own_browser_and_by_nobody_who_has_the_database(alone: Alone) -> None:
    async with alone.gateway():
        forms = KeptForms(alone.storage, "drafts", 60)
        assert await forms.keep(SECRET, "UJI-1", TYPED)
        assert await forms.kept(SECRET, "UJI-1") == TYPED
        assert await forms.kept(OTHER, "UJI-1") is None
        assert await forms.kept(SECRET, "UJI-2") is None
        (held,) = await alone.collection("drafts").find().to_list(None)
        written = str(held)
        assert not [said for said in ("Siti", "3375014101000001", SECRET, "UJI-1") if said in written]
        # nor is it read when it is moved to where another browser looks
        await alone.collection("drafts").delete_many({})
        assert await forms.keep(OTHER, "UJI-1", {"answers": {}})
        await alone.collection("drafts").update_one({}, {"$set": {"sealed": held["sealed"]}})
        assert await forms.kept(OTHER, "UJI-1") is None


async def test_what_is_final_is_not_written_over_until_it_is_forgotten(alone: Alone) -> None:
    async with alone.gateway():
        forms = KeptForms(alone.storage, "drafts", 60)
        assert await forms.keep(SECRET, "UJI-1", {"receipt": 1}, final=True)
        assert not await forms.keep(SECRET, "UJI-1", TYPED)
        assert await forms.kept(SECRET, "UJI-1") == {"receipt": 1}
        await forms.forget(SECRET, "UJI-1")
        assert await forms.keep(SECRET, "UJI-1", TYPED)


async def test_what_is_over_is_not_there_although_the_database_has_not_swept_it_yet(alone: Alone) -> None:
    async with alone.gateway():
        forms = KeptForms(alone.storage, "drafts", 60)
        assert await forms.keep(SECRET, "UJI-1", TYPED)
        (held,) = await alone.collection("drafts").find().to_list(None)
        left = held["forget_at"].replace(tzinfo=UTC) - datetime.now(UTC)
        assert timedelta(seconds=30) < left < timedelta(seconds=90)
        await alone.collection("drafts").update_one({}, {"$set": {"forget_at": datetime.now(UTC) - timedelta(1)}})
        assert await forms.kept(SECRET, "UJI-1") is None
        index = await alone.collection("drafts").index_information()
        assert index["forget_at_1"]["expireAfterSeconds"] == 0
