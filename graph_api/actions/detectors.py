"""Parameters of detectors: sets that people choose, numbered, never changed; the latest is in force for every scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cypher import detectors
from cypher.statements import Run
from cypher.store import Store, Transaction
from graph_api.errors import Conflict, DomainError, Invalid, ManyErrors, NotFound, OutOfBounds, WrongState
from graph_api.risk.detector import DEFAULTS, Detector, ParameterSet
from graph_api.risk.registry import DETECTORS
from graph_api.rules.codes import text_error

Given = Sequence[tuple[str, int]]


async def in_force(run: Run, keys: Iterable[str] = DETECTORS) -> dict[str, ParameterSet]:
    """The parameters that a scan uses, by detector.

    Of a set that an earlier version of a detector took, what this one does not take is the default again: a scan goes on.
    """
    wanted = list(keys)
    sets = dict.fromkeys(wanted, DEFAULTS)
    for row in await detectors.in_force(run, keys=wanted):
        chosen = dict(zip(row.names, row.values, strict=True))
        sets[row.detector] = ParameterSet(row.number, DETECTORS[row.detector].still_valid(chosen))
    return sets


def named(key: str) -> Detector:
    """A detector by its key."""
    if key not in DETECTORS:
        raise NotFound(f"no detector {key!r}; there are {', '.join(DETECTORS)}", field=["key"])
    return DETECTORS[key]


def chosen(detector: Detector, before: Mapping[str, int], given: Given) -> dict[str, int]:
    """What is not the default once `given` is put in place; ManyErrors with an error for each parameter at fault."""
    after = {**before, **dict(given)}
    known = {parameter.key: parameter.default for parameter in detector.parameters}
    wrong = detector.faults(after)
    told: set[str] = set()
    errors: list[DomainError] = []
    for place, (key, _) in enumerate(given):
        where = ["parameters", str(place)]
        if key in told:
            errors.append(Invalid(f"{key} is given twice", field=[*where, "key"]))
        elif key in wrong and key not in known:
            errors.append(NotFound(wrong[key], field=[*where, "key"]))
        elif key in wrong:
            errors.append(OutOfBounds(wrong[key], field=[*where, "value"]))
        told.add(key)
    errors += [OutOfBounds(message, field=["parameters"]) for key, message in wrong.items() if key not in told]
    if errors:
        raise ManyErrors(errors)
    return {key: after[key] for key, default in known.items() if after.get(key, default) != default}


async def choose(
    store: Store,
    key: str,
    given: Given,
    *,
    reset: bool,
    based_on: int | None,
    reason: str,
    actor: str,
    now: int,
) -> ParameterSet:
    """A new parameter set: the one in force, or with `reset` the defaults, with what is given in place.

    What is in force already makes no new set, so a retry changes nothing. `based_on`: Conflict if another set is in force
    by now, and it is not what is asked for.
    """
    error = text_error(reason, field="reason", required=True)
    if error is not None:
        raise error
    detector = named(key)
    if not given and not reset:
        raise Invalid("nothing to set", field=["parameters"])

    async def work(transaction: Transaction) -> ParameterSet:
        before = (await in_force(transaction, [key]))[key]
        after = chosen(detector, {} if reset else before.chosen, given)
        if after == before.chosen:
            return before
        if based_on is not None and based_on != before.number:
            raise Conflict(f"parameter set {before.number} is in force, not {based_on}", field=["basedOn"])
        new = ParameterSet(before.number + 1, after)
        properties = {
            "id": f"{key}:{new.number}",
            "detector": key,
            "number": new.number,
            "names": list(after),
            "values": list(after.values()),
            "at": now,
            "actor": actor,
            "reason": reason,
        }
        await detectors.create(transaction, properties=properties)
        transaction.journal(
            "detector_parameters_set",
            at=now,
            actor=actor,
            detector=key,
            detector_version=detector.version,
            reason=reason,
            before={"parameter_set": before.number, **detector.limits(before.chosen)},
            after={"parameter_set": new.number, **detector.limits(after)},
        )
        return new

    return await store.write(work, now=now)


async def check_in_force(run: Run, detector: Detector, parameters: ParameterSet) -> None:
    """WrongState if other parameters are in force by now: what old ones found is not written, and locks nobody."""
    now_in_force = (await in_force(run, [detector.key]))[detector.key]
    if now_in_force.number != parameters.number:
        raise WrongState(
            f"{detector.key}: parameter set {now_in_force.number} came into force while set {parameters.number} was"
            " scanned with; scan again",
            field=["detectors"],
        )
