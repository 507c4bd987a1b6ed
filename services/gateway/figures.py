"""The figures by which a played programme is judged, each measured from what the public API answers.

| figure | measured as |
|---|---|
| raw_rows, unusable_rows | the applicants' import report: its rows, and those refused |
| registered, passed_administration, accepted, completed, competent, certified | the funnel |
| duplicates | rows that were usable, less the people registered: each person is registered once |
| seats, above_pass_mark | the programme's seats; people whose total is not below its pass mark |
| absent | people whose scores say so |
| undeclared_alumni | refused for `trained_before` though they stated never, and named by an alumni list |
| returning_from_previous | likewise, but known only since another programme here gave them a place |
| first_choice | accepted in the class they named first |
| refused_certificate_rows | the certificates' import report |
| tracer | the funnel's `placed`, in the words of the sheet; `no answer` are the other graduates |
| refused_per_reason | every reason of everybody whose stage is refused; people may have several |
| accepted_per_class | the funnel per class, by the class's name |
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.gateway.client import Client

_STATUSES = {
    "Bekerja": "employed",
    "Wirausaha": "self_employed",
    "Belum bekerja": "unemployed",
    "Melanjutkan studi": "studying",
    "Tidak dapat dihubungi": "unreachable",
}
_TRAINED_BEFORE = "trained_before"
_BETWEEN = " · "

Figures = dict[str, Any]


def measure(client: Client, code: str, applicants: dict[str, Any], certificates: dict[str, Any]) -> Figures:
    """All figures of one programme; the last two arguments are import reports."""
    programme = client.get(f"/programmes/{code}")
    funnel = client.get(f"/programmes/{code}/funnel")
    people = list(client.applicants(code))
    refused = [one for one in people if one["stage"] == "refused"]
    concealed = [one for one in refused if _TRAINED_BEFORE in one["reasons"] and not one["says_trained"]]
    answered = sum(funnel["placed"].values())
    names = {offer["code"]: offer["name"] for offer in programme["classes"]}
    return {
        "raw_rows": applicants["rows"],
        "registered": funnel["registered"],
        "duplicates": applicants["accepted"] + applicants["duplicates"] - funnel["registered"],
        "unusable_rows": len(applicants["refused"]),
        "passed_administration": funnel["passed"],
        "seats": sum(offer["seats"] for offer in programme["classes"]),
        "absent": sum(one["absent"] for one in people),
        "undeclared_alumni": sum(bool(one["trained_in"]) for one in concealed),
        "returning_from_previous": sum(bool(one["accepted_in"]) and not one["trained_in"] for one in concealed),
        "above_pass_mark": _above(people, programme["selection"]["pass_mark"]),
        "accepted": funnel["accepted"],
        "first_choice": sum(_has_first_choice(one) for one in people),
        "completed": funnel["completed"],
        "competent": funnel["competent"],
        "certified": funnel["certified"],
        "refused_certificate_rows": len(certificates["refused"]),
        "tracer": {word: funnel["placed"][status] for word, status in _STATUSES.items()}
        | {"no answer": funnel["completed"] - answered},
        "refused_per_reason": dict(sorted(Counter(reason for one in refused for reason in one["reasons"]).items())),
        "accepted_per_class": {names[code]: counts["accepted"] for code, counts in funnel["per_class"].items()},
    }


def differences(measured: Figures, expected: Figures) -> list[str]:
    """What is not as expected, one line each; figures nobody expects are not compared."""
    found = flat({name: value for name, value in measured.items() if name in expected})
    wanted = flat(expected)
    # a part that only one side names, say a reason for refusal, counts as nobody on the other
    zero = {name: 0 for name in (*wanted, *found) if _BETWEEN in name}
    return [
        f"{name}: {found.get(name, zero.get(name, 'not measured'))} instead of {wanted.get(name, 0)}"
        for name in dict.fromkeys((*wanted, *found))
        if found.get(name, zero.get(name)) != wanted.get(name, zero.get(name))
    ]


def flat(figures: Figures) -> dict[str, Any]:
    """Nested figures as `tracer · Bekerja`."""
    lines: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            lines |= {f"{name}{_BETWEEN}{part}": held for part, held in value.items()}
        else:
            lines[name] = value
    return lines


def _above(people: Sequence[dict[str, Any]], pass_mark: float) -> int:
    return sum(one["total"] is not None and one["total"] >= pass_mark for one in people)


def _has_first_choice(one: dict[str, Any]) -> bool:
    held = one["outcome"] == "accepted" and one["stage"] != "withdrawn"
    return bool(held and one["class_code"] == one["choices"][0])
