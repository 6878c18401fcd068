"""The tables that Neo4j's own importer reads: one file for each kind of node and relationship, with typed columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ARRAY_DELIMITER = "\x1f"
"""A control character, which no code and no text of ours may hold."""

NODES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Person": (
        "code",
        {
            "status": "string",
            "rank": "string",
            "joined_at": "long",
            "closed_at": "long",
            "locked_at": "long",
            "lock_reason": "string",
            "senior_at": "long",
            "elite_at": "long",
            "name_sealed": "string",
            "name_hash": "string",
            "phone_sealed": "string",
            "codeless": "boolean",
            "sales_orders": "long",
            "sales_volume_fen": "long",
            "sales_refunded_fen": "long",
        },
    ),
    "Product": (
        "sku",
        {
            "title": "string",
            "price_fen": "long",
            "commission_bps": "long[]",
            "commission_since_ats": "long[]",
        },
    ),
    "Order": (
        "number",
        {
            "fingerprint": "string",
            "buyer_code": "string",
            "given_code": "string",
            "paid_at": "long",
            "month": "long",
            "paid_fen": "long",
            "refunded_fen": "long",
            "status": "string",
            "shipped_at": "long",
            "delivered_at": "long",
            "observed_until": "long",
            "pending_until": "long",
            "settle_from": "string",
            "settlement_days": "long",
            "pending_release_at": "long",
            "cancelled_at": "long",
            "completed": "boolean",
            "commissionable": "boolean",
            "plan_version": "string",
            "observation_days": "long",
            "seller_code": "string",
            "chain_codes": "string[]",
            "receiver_codes": "string[]",
            "override_bps": "long[]",
            "utm_source": "string",
            "utm_medium": "string",
            "utm_campaign": "string",
            "seq": "long",
        },
    ),
    "OrderEvent": (
        "key",
        {
            "order_number": "string",
            "kind": "string",
            "sku": "string",
            "refund_fen": "long",
            "at": "long",
            "state": "string",
            "seq": "long",
        },
    ),
    "Commission": (
        "id",
        {
            "kind": "string",
            "state": "string",
            "level": "long",
            "rate_bp": "long",
            "basis_fen": "long",
            "amount_fen": "long",
            "month": "long",
            "plan_version": "string",
            "sku": "string",
            "cause": "string",
            "posted_at": "long",
            "seq": "long",
        },
    ),
    "Posting": (
        "id",
        {
            "seq": "long",
            "kind": "string",
            "at": "long",
            "recorded_at": "long",
            "accounts": "string[]",
            "amounts_fen": "long[]",
            "reference": "string",
        },
    ),
    "SalesMonth": (
        "",
        {
            "promoter_code": "string",
            "month": "long",
            "orders": "long",
            "volume_fen": "long",
            "refunded_fen": "long",
        },
    ),
    "Identifier": ("id", {"kind": "string", "hash": "string", "sealed": "string"}),
    "JournalEntry": (
        "",
        {
            "seq": "long",
            "kind": "string",
            "at": "long",
            "recorded_at": "long",
            "actor": "string",
            "codes": "string[]",
            "facts": "string",
        },
    ),
    "Journal": ("id", {"seq": "long", "paths_seq": "long", "locks": "long"}),
}
"""Of each label: the property that names a node to relationships (none: only an own number does), and the others."""

RELATIONSHIPS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "REFERRED": ("Person", "Person", {"promoter_code": "string"}),
    "CLAIMED_REFERRAL": ("Person", "Person", {"promoter_code": "string", "quarantined_at": "long"}),
    "TOUCHED": ("Person", "Person", {"key": "string", "at": "long"}),
    "PLACED": ("Person", "Order", {}),
    "SOLD": ("Person", "Order", {}),
    "CONTAINS": (
        "Order",
        "Product",
        {
            "line_index": "long",
            "quantity": "long",
            "paid_fen": "long",
            "refunded_fen": "long",
            "refunded_at": "long",
            "base_bp": "long",
        },
    ),
    "EARNED": ("Person", "Commission", {}),
    "YIELDED": ("Order", "Commission", {}),
    "SOLD_IN": ("Person", "SalesMonth", {}),
    "IDENTIFIED_BY": ("Person", "Identifier", {"enrolment": "boolean"}),
}


class Tables:
    """Writers of all tables; a property without a column is an error, so that nothing is left out in silence."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open = ExitStack()
        self._writers = {name: self._writer(name) for name in (*NODES, *RELATIONSHIPS)}

    def close(self) -> None:
        self._open.close()

    def node(self, label: str, name: str, properties: Mapping[str, Any], *, labels: Iterable[str] = ()) -> None:
        _, types = NODES[label]
        self._write(label, [name, ARRAY_DELIMITER.join((label, *labels))], properties, types)

    def relationship(self, kind: str, start: str, end: str, properties: Mapping[str, Any]) -> None:
        self._write(kind, [start, end], properties, RELATIONSHIPS[kind][2])

    def arguments(self) -> list[str]:
        """What the importer is told about the tables."""
        nodes = [f"--nodes={self._path(label)}" for label in NODES]
        return [*nodes, *(f"--relationships={kind}={self._path(kind)}" for kind in RELATIONSHIPS)]

    def _write(self, table: str, ends: list[str], properties: Mapping[str, Any], types: Mapping[str, str]) -> None:
        unknown = properties.keys() - types.keys()
        if unknown:
            raise KeyError(f"the importer's table of {table} has no column for {', '.join(sorted(unknown))}")
        self._writers[table].writerow([*ends, *(_cell(properties.get(name)) for name in types)])

    def _writer(self, table: str) -> Any:
        stream = self._open.enter_context(self._path(table).open("w", encoding="utf-8", newline=""))
        writer = csv.writer(stream, lineterminator="\n")
        if table in NODES:
            name, types = NODES[table]
            ends = [f"{name}:ID({table})", ":LABEL"]
        else:
            start, end, types = RELATIONSHIPS[table]
            ends = [f":START_ID({start})", f":END_ID({end})"]
        writer.writerow([*ends, *(f"{name}:{kind}" for name, kind in types.items())])
        return writer

    def _path(self, table: str) -> Path:
        return self._directory / f"{table}.csv"


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ARRAY_DELIMITER.join(map(str, value))
    return value
