"""Which webhooks there are, and every change to one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from services.gateway.reach import Reach
from services.gateway.sealing import Seal
from services.gateway.signatures import new_secret
from services.gateway.webhook import SealedSecret, State, Webhook
from shared import ledger
from shared.contracts import Event
from shared.outsiders import NotGranted, granted_by
from shared.problems import Conflict, Invalid, NotFound
from shared.storage import Documents, Storage

MOST = 50  # each follows the log by itself
_UNKNOWN = "There is no webhook of that name."


class Webhooks:
    """The webhooks in the gateway's database. What changes one raises NotFound, `unknown_webhook`.

    Without `seal` none can be added, for its secret could not be kept: Conflict, `webhooks_off`.
    """

    def __init__(self, storage: Storage, seal: Seal | None, reach: Reach) -> None:
        self.documents: Documents[Webhook] = storage.documents("webhooks", Webhook, aggregate="webhook")
        self._seal = seal
        self._reach = reach

    async def all(self) -> list[Webhook]:
        return await self.documents.find({"state": {"$ne": State.REMOVED.value}}, sort=[("_id", 1)])

    async def active(self) -> list[Webhook]:
        return await self.documents.find({"state": State.ACTIVE.value})

    async def known(self, name: str) -> Webhook:
        webhook = await self.documents.get(name)
        if webhook is None or webhook.state is State.REMOVED:
            raise NotFound("unknown_webhook", _UNKNOWN)
        return webhook

    async def add(self, name: str, url: str, patterns: Sequence[str], idempotency_key: str | None) -> str:
        """A new webhook's secret, which is shown once. It hears what happens from now on.

        Repeated under the same key it answers with another secret, for the first one may never have arrived. Raises
        Conflict when the name is taken, or there are too many; Invalid for a URL or events that cannot be.
        """
        self._reach.check(url)
        keys = _granted(patterns)
        secret, sealed = self._fresh()
        if len(await self.all()) >= MOST:
            raise Conflict("too_many_webhooks", f"There are {MOST} webhooks already.")

        def decide(webhook: Webhook) -> list[Event]:
            there = webhook.exists and webhook.state is not State.REMOVED
            if there and (idempotency_key is None or webhook.created_with != idempotency_key):
                raise Conflict("webhook_exists", "There is a webhook of that name already.")
            signed = ledger.signature()
            webhook.url, webhook.keys, webhook.secrets = url, keys, [sealed]
            webhook.state, webhook.why_disabled = State.ACTIVE, None
            webhook.created_at, webhook.created_with, webhook.rotated_with = signed.at, idempotency_key, None
            webhook.begin_at(signed.at)
            webhook.ledger.append(ledger.entry(signed, "webhook_added", url=url, events=keys))
            return []

        await self.documents.change(name, decide)
        return secret

    async def change(self, name: str, url: str | None, patterns: Sequence[str] | None, enabled: bool | None) -> Webhook:
        """What is given. Raises Invalid for a URL or events that cannot be."""
        if url is not None:
            self._reach.check(url)
        keys = None if patterns is None else _granted(patterns)

        def decide(webhook: Webhook) -> list[tuple[str, dict[str, object]]]:
            done: list[tuple[str, dict[str, object]]] = []
            if url is not None and url != webhook.url:
                done.append(("webhook_moved", {"before": webhook.url, "after": url}))
                webhook.url = url
            if keys is not None and keys != webhook.keys:
                done.append(("webhook_granted", {"before": webhook.keys, "after": keys}))
                webhook.keys = keys
            wanted = webhook.state if enabled is None else State.ACTIVE if enabled else State.DISABLED
            if wanted is not webhook.state:
                done.append(("webhook_enabled" if enabled else "webhook_disabled", {}))
                webhook.state, webhook.why_disabled = wanted, None
            return done

        return await self._change(name, decide)

    async def rotate(self, name: str, keep_hours: int, idempotency_key: str | None) -> str:
        """A new secret, shown once; the one before signs beside it for so long, any earlier one no more."""
        secret, sealed = self._fresh()
        until = datetime.now(UTC) + timedelta(hours=keep_hours)

        def decide(webhook: Webhook) -> list[tuple[str, dict[str, object]]]:
            repeated = idempotency_key is not None and webhook.rotated_with == idempotency_key
            kept = webhook.secrets[1:2] if repeated else [SealedSecret(sealed=webhook.secrets[0].sealed, until=until)]
            webhook.secrets, webhook.rotated_with = [sealed, *kept], idempotency_key
            return [("webhook_secret_changed", {"old_until": until.isoformat()})]

        await self._change(name, decide)
        return secret

    async def replay(self, name: str, start: int | datetime | None) -> Webhook:
        """Post everything from this offset or time on, or from the first event on, again."""

        def decide(webhook: Webhook) -> list[tuple[str, dict[str, object]]]:
            webhook.begin_at(start)
            return [("webhook_replayed", {"from": webhook.begins})]

        return await self._change(name, decide)

    async def remove(self, name: str) -> None:
        """Its secrets go; what was done about it stays on record."""

        def decide(webhook: Webhook) -> list[tuple[str, dict[str, object]]]:
            webhook.state, webhook.secrets = State.REMOVED, []
            return [("webhook_removed", {})]

        await self._change(name, decide)

    async def give_up(self, name: str, why: str) -> None:
        """Disable one that cannot be reached, until an administrator enables it again."""
        signed = ledger.automatic("gateway")

        def decide(webhook: Webhook) -> list[Event] | None:
            if webhook.state is not State.ACTIVE:
                return None
            webhook.state, webhook.why_disabled = State.DISABLED, why
            webhook.ledger.append(ledger.entry(signed, "webhook_disabled", None, why=why))
            return []

        await self.documents.change(name, decide)

    def signing(self, webhook: Webhook) -> list[str]:
        """The secrets that sign now. Raises Away when one cannot be opened."""
        return [self._sealing().open(one) for one in webhook.signing()]

    def _fresh(self) -> tuple[str, SealedSecret]:
        secret = new_secret()
        return secret, SealedSecret(sealed=self._sealing().close(secret))

    def _sealing(self) -> Seal:
        if self._seal is None:
            raise Conflict("webhooks_off", "Webhooks need the setting JALUR_WEBHOOK_KEYS, which seals their secrets.")
        return self._seal

    async def _change(self, name: str, decide: Callable[[Webhook], Sequence[tuple[str, dict[str, object]]]]) -> Webhook:
        """`decide` answers what it did, for the ledger."""

        def decided(webhook: Webhook) -> list[Event] | None:
            if webhook.state is State.REMOVED:
                raise NotFound("unknown_webhook", _UNKNOWN)
            done = decide(webhook)
            signed = ledger.signature()
            webhook.ledger.extend(ledger.entry(signed, what, None, **detail) for what, detail in done)
            return [] if done else None

        return await self.documents.change(name, decided)


def _granted(patterns: Sequence[str]) -> list[str]:
    try:
        return granted_by(patterns)
    except NotGranted as error:
        raise Invalid("not_grantable", str(error)) from None
