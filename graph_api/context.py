"""What resolvers have at hand during one request."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import orjson

from graph_api.batched.commissions import CommissionReads
from graph_api.batched.feed import Feed
from graph_api.batched.findings import FindingReads
from graph_api.batched.orders import OrderReads
from graph_api.batched.payouts import PayoutReads
from graph_api.batched.plans import PlanReads
from graph_api.batched.products import ProductReads
from graph_api.batched.promoters import PromoterReads
from graph_api.batched.reach import Reach
from graph_api.batched.simulation import Simulations
from graph_api.batched.structures import StructureReads
from graph_api.pii import Pii, SealBroken, masked_name, masked_phone
from graph_api.viewer import Role, Viewer

if TYPE_CHECKING:
    from cypher.store import Store, Transaction
    from cypher.workbench import Workbench
    from graph_api.batched.rows import Card, Team
    from graph_api.cache import Budgets, Cache

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Stores:
    """What every request shares."""

    store: Store
    cache: Cache
    pii: Pii
    simulations: Simulations
    feed: Feed
    reach: Reach
    budgets: Budgets
    workbench: Workbench


@dataclass
class Context:
    """One request: who asks, in which language, and the reads bound to both, each made once it is wanted."""

    stores: Stores
    viewer: Viewer
    language: Language
    repeated: bool = False
    """Whether the document was asked for before: only then is it worth while to keep whole answers to it."""
    looks: set[tuple[str, str]] = field(default_factory=set)
    keeping: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Root fields whose answers may be kept: code and number by response name."""
    selected: dict[tuple[object, ...], bool] = field(default_factory=dict)
    """What the operation selects, as far as it was looked up."""

    @property
    def store(self) -> Store:
        return self.stores.store

    @property
    def pii(self) -> Pii:
        return self.stores.pii

    @property
    def simulations(self) -> Simulations:
        return self.stores.simulations

    @cached_property
    def promoters(self) -> PromoterReads:
        return PromoterReads(self.store, self.stores.cache, self.viewer, self.pii)

    @cached_property
    def orders(self) -> OrderReads:
        return OrderReads(self.store, self.viewer)

    @cached_property
    def commissions(self) -> CommissionReads:
        return CommissionReads(self.store, self.viewer)

    @cached_property
    def payouts(self) -> PayoutReads:
        return PayoutReads(self.store, self.viewer)

    @cached_property
    def findings(self) -> FindingReads:
        return FindingReads(self.store, self.viewer)

    @cached_property
    def products(self) -> ProductReads:
        return ProductReads(self.store)

    @cached_property
    def plans(self) -> PlanReads:
        return PlanReads(self.store)

    @cached_property
    def structures(self) -> StructureReads:
        return StructureReads(self.store, self.promoters)

    def anew(self) -> Context:
        """The same viewer's next request: nothing that was read before is remembered."""
        return Context(self.stores, self.viewer, self.language)

    @property
    def feed(self) -> Feed:
        return self.stores.feed

    @property
    def now(self) -> int:
        """The present instant in microseconds; only resolvers read a clock, rules and actions are told."""
        return time.time_ns() // 1000

    async def visible_card(self, code: str | None) -> Card | None:
        """A promoter's card, or None if it is not there or not for this viewer."""
        card = await self.promoters.card(code) if code else None
        return card if card is not None and self.viewer.sees(card.code, card.path) else None

    async def kept_answer(self, code: str, number: int) -> str | None:
        """The JSON of a whole answer about a promoter, if it was kept and the viewer may see it."""
        sealed = await self.promoters.kept(code, number)
        with contextlib.suppress(SealBroken):  # sealed with a key that is gone
            return self.pii.open(sealed) if sealed is not None else None
        return None

    def keep_answers(self, data: Mapping[str, Any] | None) -> None:
        """Keep what was answered without an error."""
        answers = {
            place: self.pii.seal(orjson.dumps(data[name]).decode())
            for name, place in self.keeping.items()
            if data is not None and isinstance(data[name], dict)
        }
        if answers:
            self.promoters.keep(answers)

    def saw_team(self, team: Team) -> None:
        """Remember how large the viewer's own team is: the next walk of it is priced by that."""
        if team.promoter_code == self.viewer.promoter_code:
            self.stores.reach.saw(team.promoter_code, team.size)

    def shown_name(self, card: Card) -> str | None:
        """Raw for the promoter itself and FINANCE, masked for everybody else."""
        if card.name_sealed is None:
            return None
        name = self.pii.open(card.name_sealed)
        return name if self._sees_raw(card, "name") else masked_name(name)

    def shown_phone(self, card: Card) -> str | None:
        if card.phone_sealed is None:
            return None
        phone = self.pii.open(card.phone_sealed)
        return phone if self._sees_raw(card, "phone") else masked_phone(phone)

    def _sees_raw(self, card: Card, what: str) -> bool:
        if self.viewer.role is Role.FINANCE:
            self.looks.add((card.code, what))
            return True
        return self.viewer.promoter_code == card.code

    def note_found(self, cards: Iterable[Card], *, by: str | None) -> None:
        """Whoever is found by a text that is no beginning of its code was found by its name: that is a look at it."""
        self.looks |= {(card.code, "found by name") for card in cards if by and not card.code.startswith(by)}

    async def record_looks(self) -> None:
        """Journal whose raw personal data this request shows."""
        await record_looks(self.store, self.viewer, self.looks, now=self.now)


async def record_looks(store: Store, viewer: Viewer, looks: set[tuple[str, str]], *, now: int) -> None:
    """Journal looks at raw personal data, in one entry; nobody's facts changed, so no codes."""
    if not looks:
        return
    seen = [f"{code}:{what}" for code, what in sorted(looks)]

    async def work(transaction: Transaction) -> None:
        transaction.journal("pii_viewed", at=now, actor=viewer.actor, seen=seen)

    await store.write(work, now=now)


def language_of(accept_language: str) -> Language:
    """Chinese unless English is asked for first.

    >>> language_of("en-GB,en;q=0.9,zh;q=0.8"), language_of("fr, zh;q=0.5, en;q=0.4"), language_of("")
    ('en', 'zh', 'zh')
    """
    best: tuple[float, Language] = (0.0, "zh")
    for part in accept_language[:256].split(","):
        tag, _, weight = part.strip().partition(";")
        language: Language | None = "zh" if tag[:2].lower() == "zh" else "en" if tag[:2].lower() == "en" else None
        if language is not None and _weight(weight) > best[0]:
            best = (_weight(weight), language)
    return best[1]


def _weight(text: str) -> float:
    _, _, number = text.partition("q=")
    try:
        return float(number.strip() or 1)
    except ValueError:
        return 0.0
