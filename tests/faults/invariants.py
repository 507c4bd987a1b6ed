"""What must hold after any fault. Each invariant is one function that answers what violates it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.faults import absorbed, rebuilt
from tests.faults.ledger import Ledger, Seen, Sent
from tests.faults.people import HOME

Invariant = Callable[[Ledger], list[str]]

INVARIANTS: dict[str, Invariant] = {}

BACK_WITHIN_S = 30.0
_SHOWN = 5


def invariant(check: Invariant) -> Invariant:
    """Enter a check into the registry, under its name."""
    INVARIANTS[check.__name__] = check
    return check


def violations(ledger: Ledger) -> dict[str, list[str]]:
    """By invariant, what violates it; an invariant that holds answers an empty list."""
    return {name: check(ledger) for name, check in INVARIANTS.items()}


@invariant
def clients_are_answered_as_promised(ledger: Ledger) -> list[str]:
    """No unexpected status, no 503 without Retry-After, no command that could not be brought to happen."""
    return ledger.problems


@invariant
def every_accepted_command_took_effect_exactly_once(ledger: Ledger) -> list[str]:
    """Each service holds what was sent and accepted, once, and nothing else."""
    return [wrong for sent in ledger.programmes for wrong in _held_as_sent(ledger, sent)]


@invariant
def every_effect_is_told_exactly_once_and_nothing_else(ledger: Ledger) -> list[str]:
    """By what was sent one can say how many events of each kind each applicant causes; no more, no fewer exist."""
    told: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for event in {one.id: one for one in ledger.logged}.values():
        told[str(event.body.get("programme_code"))][event.name, str(event.body.get("applicant_id"))] += 1
    wrong = []
    for sent in ledger.programmes:
        found = {key: times for key, times in told[sent.code].items() if key[0] in _ONCE}
        expected = {(name, sent.ids.get(nik, nik)): 1 for name, niks in _once(sent).items() for nik in niks}
        wrong += _differences(f"{sent.code}: events", found, expected)
    return wrong


@invariant
def each_committed_version_yields_exactly_its_events(ledger: Ledger) -> list[str]:
    """What was put into outboxes, what the log keeps and what a subscriber got are the same events, bodies included."""
    committed = {one.id: one for one in ledger.committed}
    wrong = []
    for where, events in (("the log", ledger.logged), ("the subscriber", ledger.seen)):
        got = {one.id for one in events}
        wrong += _few(f"committed but not in {where}", committed.keys() - got)
        wrong += _few(f"in {where} but never committed", got - committed.keys())
        wrong += _few(f"another body in {where}", {one.id for one in events if _differs(one, committed)})
    return wrong


@invariant
def events_of_one_aggregate_come_in_order(ledger: Ledger) -> list[str]:
    """Leaving repetitions out, the log has each aggregate's events in the order of its versions."""
    last: dict[str, tuple[int, int]] = {}
    known: set[str] = set()
    wrong = []
    for event in ledger.logged:
        if event.id in known:
            continue
        known.add(event.id)
        order = (event.sequence, event.n)
        if order < last.get(event.aggregate, (0, 0)):
            wrong.append(event.id)
        last[event.aggregate] = max(order, last.get(event.aggregate, (0, 0)))
    return _few("behind a later one", wrong)


@invariant
def what_was_confirmed_is_applied_or_parked(ledger: Ledger) -> list[str]:
    """Every event in the log is in the documents of each service that listens to it, or parked there."""
    parked = {(one.headers.get("service"), one.id) for one in ledger.parked}
    missing = [
        f"{service} lacks {event.id}"
        for event in {one.id: one for one in ledger.logged}.values()
        for service in absorbed.listeners(event)
        if (service, event.id) not in parked and not absorbed.has_applied(ledger.held[service], service, event)
    ]
    return _few("not applied", missing)


@invariant
def no_event_is_applied_twice(ledger: Ledger) -> list[str]:
    """The ledgers of the documents have no more entries of a kind than there are events that write one."""
    events = Counter((one.name, str(one.body.get("applicant_id"))) for one in {e.id: e for e in ledger.logged}.values())
    wrong = []
    for service, collection, what, name in absorbed.WRITES:
        for id_, document in ledger.held[service][collection].items():
            times = sum(entry["what"] == what for entry in document.get("ledger", ()))
            if times > events[name, id_]:
                wrong.append(f"{service} wrote {what} {times} times into {id_}, of {events[name, id_]} events")
    return _few("applied twice", wrong)


@invariant
def no_good_message_is_parked(ledger: Ledger) -> list[str]:
    """Outages and restarts alone park nothing."""
    return _few("parked", [f"{one.headers.get('service')} {one.id}" for one in ledger.parked])


@invariant
def outboxes_are_empty(ledger: Ledger) -> list[str]:
    return _few("waits", ledger.waiting)


@invariant
def nothing_stays_in_a_queue(ledger: Ledger) -> list[str]:
    """No message of ours is ready or unacknowledged, on a ladder either."""
    return [f"{name}: {counts}" for name, counts in waiting(ledger.queues).items()]


@invariant
def seats_never_exceed_capacity(ledger: Ledger) -> list[str]:
    """At no moment does a class have more holders than seats; in the end no service counts more than that."""
    seats = {
        f"{sent.code}/{offer['code']}": offer["seats"]
        for sent in ledger.programmes
        for offer in sent.definition["classes"]
    }
    wrong = [
        f"{state['id']} had {len(state['holders'])} holders"
        for state in ledger.rosters
        if len(state["holders"]) > seats.get(state["id"], len(state["holders"]))
    ]
    counts = {
        "selection": _class_counts(ledger.held["selection"]["applicants"], "decision"),
        "certification": _class_counts(ledger.held["certification"]["trainees"], None),
        "gateway": _class_counts(ledger.held["gateway"]["applicants"], "decision"),
    }
    wrong += [
        f"{service}: {taken} accepted in {name}"
        for service, classes in counts.items()
        for name, taken in classes.items()
        if taken > seats.get(name, taken)
    ]
    return wrong


@invariant
def a_person_is_claimed_for_whom_a_seat_is_held(ledger: Ledger) -> list[str]:
    """Selection's claims on people are exactly its accepted applicants: no claim is stale, none is missing."""
    applicants = ledger.held["selection"]["applicants"]
    accepted = {id_ for id_, one in applicants.items() if _holds_seat(one, "decision")}
    claimed = {
        claim["applicant_id"]
        for person in ledger.held["selection"]["persons"].values()
        for claim in person.get("claims", ())
        if claim["applicant_id"] in applicants
    }
    seated = {
        id_
        for name, roster in ledger.held["selection"]["rosters"].items()
        for id_ in roster["holders"]
        if name.split("/")[0] in {sent.code for sent in ledger.programmes}
    }
    return [
        *_few("claimed without a seat", claimed - accepted),
        *_few("accepted without a claim", accepted - claimed),
        *_few("accepted and in no class", accepted - seated),
        *_few("in a class and not accepted", seated - accepted),
    ]


@invariant
def numbers_are_given_once(ledger: Ledger) -> list[str]:
    """No certificate number and no registration number belongs to two; nobody holds two of either."""
    registered = ledger.held["registration"]["applicants"].values()
    certified = [
        (certificate["number_key"], id_)
        for id_, trainee in ledger.held["certification"]["trainees"].items()
        for certificate in trainee.get("certificates", ())
        if not certificate.get("revocation")
    ]
    proposed = [
        (vacancy["_id"], vacancy["terms"]["seats"]) for vacancy in ledger.held["placement"]["vacancies"].values()
    ]
    matched = Counter(
        graduate["match"]["vacancy_id"]
        for graduate in ledger.held["placement"]["graduates"].values()
        if graduate.get("match") and not graduate.get("withdrawn")
    )
    return [
        *_twice("a registration number", [(one["programme_code"], one["number"]) for one in registered]),
        *_twice("a person", [(one["programme_code"], one["person_id"]) for one in registered]),
        *_twice("a certificate number", [number for number, _ in certified]),
        *_twice("a certificate's holder", [holder for _, holder in certified]),
        *_few("more proposed than seats", [id_ for id_, seats in proposed if matched[id_] > seats]),
    ]


@invariant
def a_read_model_rebuilt_from_the_log_equals_the_live_one(ledger: Ledger) -> list[str]:
    """The log replayed through the gateway's handlers says of these programmes what the gateway shows."""
    again = rebuilt.read_model(ledger.system, ledger.logged)
    codes = {sent.code for sent in ledger.programmes}
    wrong = []
    for name in rebuilt.COLLECTIONS:
        live = {
            id_: rebuilt.what_it_says(one)
            for id_, one in ledger.held["gateway"][name].items()
            if one["programme_code"] in codes
        }
        of_these = {id_: one for id_, one in again[name].items() if one["programme_code"] in codes}
        wrong += _differences(f"live {name}", live, of_these)
    return wrong


@invariant
def everything_is_back_without_a_hand(ledger: Ledger) -> list[str]:
    """Ready, outboxes and queues empty, commands answered. The figure is reported; a loaded machine gets slack."""
    if ledger.recovery_s is None:
        return ["not back to normal while it was waited for"]
    return [f"took {ledger.recovery_s:.0f} s"] if ledger.recovery_s > 2 * BACK_WITHIN_S else []


# ---- what they are made of


def waiting(queues: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    """Queues of ours in which something waits; what is parked waits for a person, and the log keeps everything."""
    return {
        name: counts
        for name, counts in queues.items()
        if not name.endswith(".parked")
        and name != "jalur.log"
        and counts.get("messages_ready", 0) + counts.get("messages_unacknowledged", 0)
    }


_ONCE = {
    *("ApplicantRegistered", "ApplicantCorrected", "ApplicantWithdrawn", "ScoresRecorded"),
    *("TrainingCompleted", "AssessmentRecorded", "CertificateIssued", "PlacementRecorded"),
}


def _once(sent: Sent) -> dict[str, Iterable[str]]:
    return {
        "ApplicantRegistered": sent.registered,
        "ApplicantCorrected": sent.corrected,
        "ApplicantWithdrawn": sent.withdrawn,
        "ScoresRecorded": sent.scores,
        "TrainingCompleted": sent.attendance,
        "AssessmentRecorded": sent.assessments,
        "CertificateIssued": sent.certificates,
        "PlacementRecorded": sent.answers,
    }


def _held_as_sent(ledger: Ledger, sent: Sent) -> list[str]:
    def mine(service: str, collection: str) -> dict[str, dict[str, Any]]:
        documents = ledger.held[service][collection]
        return {id_: one for id_, one in documents.items() if one.get("programme_code") == sent.code}

    def by_id(given: Mapping[str, Any]) -> dict[str, Any]:
        return {sent.ids.get(nik, f"nobody with {len(nik)} digits"): value for nik, value in given.items()}

    registered, selected = mine("registration", "applicants"), mine("selection", "applicants")
    trainees, graduates = mine("certification", "trainees"), mine("placement", "graduates")
    shown = mine("gateway", "applicants")
    everybody = dict.fromkeys(sent.ids.values(), True)
    wrong = []
    if len(everybody) != len(sent.registered):
        wrong.append(f"{sent.code}: {len(sent.registered)} registered, {len(everybody)} found by NIK")
    for where, documents in (
        ("registration", registered),
        ("selection", selected),
        ("certification", trainees),
        ("placement", graduates),
        ("gateway", shown),
    ):
        # certification hears of people when something is decided about them, which is everybody in the end
        if where != "certification" or sent.runs:
            wrong += _differences(f"{sent.code}: {where}", dict.fromkeys(documents, True), everybody)
    educations = {nik: sent.corrected.get(nik, person["education"]) for nik, person in sent.registered.items()}
    facts: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("facts", {id_: one["facts"]["education"] for id_, one in registered.items()}, by_id(educations)),
        ("facts at placement", {id_: one["education"] for id_, one in graduates.items()}, by_id(educations)),
        (
            "scores",
            {
                id_: (float(one["scores"]["written"]), float(one["scores"]["interview"]))
                for id_, one in selected.items()
                if one.get("scores")
            },
            by_id(sent.scores),
        ),
        (
            "screened out",
            {id_: True for id_, one in selected.items() if not (one.get("screening") or {}).get("passed")},
            by_id({nik: True for nik, person in sent.registered.items() if person["city"] != HOME}),
        ),
        (
            "withdrawn",
            {id_: True for id_, one in selected.items() if one.get("withdrawn")},
            by_id(dict.fromkeys(sent.withdrawn, True)),
        ),
        (
            "attendance",
            {
                id_: (one["attendance"]["class_code"], one["attendance"]["days"], one["attendance"]["present"])
                for id_, one in trainees.items()
                if one.get("attendance")
            },
            by_id(sent.attendance),
        ),
        (
            "assessments",
            {
                id_: [attempt["result"] == "competent" for attempt in one["attempts"]]
                for id_, one in trainees.items()
                if one.get("attempts")
            },
            by_id({nik: [passed] for nik, passed in sent.assessments.items()}),
        ),
        (
            "certificates",
            {
                id_: [certificate["certificate_no"] for certificate in one["certificates"]]
                for id_, one in trainees.items()
                if one.get("certificates")
            },
            by_id({nik: [number] for nik, number in sent.certificates.items()}),
        ),
    ]
    for what, found, expected in facts:
        wrong += _differences(f"{sent.code}: {what}", found, expected)
    runs = {(run["run_id"], str(run["counts"])) for run in sent.runs}
    if len(runs) > 1:
        wrong.append(f"{sent.code}: deciding twice answered two runs {sorted(run for run, _ in runs)}")
    undecided = [id_ for id_, one in selected.items() if one.get("decision") is None and not one.get("withdrawn")]
    if sent.runs:
        wrong += _few(f"{sent.code}: undecided", undecided)
    matched = sum(bool(one.get("match")) for one in graduates.values())
    if sent.matchings and matched != sum(one["proposed"] for one in sent.matchings):
        wrong.append(f"{sent.code}: {matched} are matched, the answers say {sent.matchings}")
    listed = {
        vacancy["terms"]["code"]: vacancy["terms"]["seats"]
        for vacancy in ledger.held["placement"]["vacancies"].values()
        if vacancy["terms"]["code"] in sent.vacancies
    }
    return wrong + _differences(f"{sent.code}: vacancies", listed, sent.vacancies)


def _holds_seat(document: Mapping[str, Any], field: str | None) -> bool:
    decision = document.get(field) if field else document
    return bool(decision and decision.get("outcome") == "accepted" and not document.get("withdrawn"))


def _class_counts(documents: Mapping[str, Mapping[str, Any]], field: str | None) -> Counter[str]:
    return Counter(
        f"{one['programme_code']}/{(one[field] if field else one)['class_code']}"
        for one in documents.values()
        if _holds_seat(one, field)
    )


def _differs(event: Seen, committed: Mapping[str, Seen]) -> bool:
    original = committed.get(event.id)
    return original is not None and (original.body, original.type, original.subject, original.sequence) != (
        event.body,
        event.type,
        event.subject,
        event.sequence,
    )


def _differences(what: str, found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> list[str]:
    differ = [key for key in {**found, **expected} if found.get(key) != expected.get(key)]
    shown = [f"{key}: {found.get(key)} instead of {expected.get(key)}" for key in differ[:_SHOWN]]
    return [f"{what}: {len(differ)} differ, such as {'; '.join(shown)}"] if differ else []


def _few(what: str, things: Iterable[str]) -> list[str]:
    every = sorted(things)
    return [f"{len(every)} {what}: {', '.join(every[:_SHOWN])}"] if every else []


def _twice(what: str, values: Iterable[Any]) -> list[str]:
    return _few(f"times {what} twice", [str(value) for value, times in Counter(values).items() if times > 1])
