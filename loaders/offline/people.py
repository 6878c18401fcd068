"""The network while it is built offline: people, referrals, identifiers and touches, answering the same statements."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from loaders.offline.tables import Tables

Records = list[dict[str, Any]]
Rows = Sequence[dict[str, Any]]

SCHEMA = """
CREATE TABLE person (code PRIMARY KEY, promoter DEFAULT 0, buyer DEFAULT 0, codeless, properties DEFAULT '{}',
  referrer, depth DEFAULT 0, sales_orders DEFAULT 0, sales_volume_fen DEFAULT 0, sales_refunded_fen DEFAULT 0);
CREATE TABLE claim (code PRIMARY KEY, referrer, quarantined_at);
CREATE TABLE identifier (id PRIMARY KEY, kind, hash, sealed);
CREATE TABLE identified (code, id, enrolment, PRIMARY KEY (code, id));
CREATE TABLE touch (key PRIMARY KEY, buyer, promoter, at);
CREATE INDEX touch_buyer ON touch (buyer);
"""
KNOWN = """
SELECT code, promoter, properties, referrer, depth,
  (SELECT referrer FROM claim WHERE claim.code = person.code),
  (SELECT json_group_array(hash) FROM identified JOIN identifier USING (id)
   WHERE identified.code = person.code AND enrolment)
FROM person WHERE code IN (SELECT value FROM json_each(?))
"""


class People:
    """Statements of people; each method is named after the statement it stands for, `subject_name`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.executescript(SCHEMA)

    def network_people(self, codes: list[str]) -> Records:
        found: Records = []
        for code, promoter, text, referrer, depth, claimed, phones in self._database.execute(KNOWN, [_listed(codes)]):
            properties = json.loads(text)
            referrers = [above for above in (referrer, claimed) if above is not None]
            found.append(
                {
                    "code": code,
                    "promoter": bool(promoter),
                    **{name: properties.get(name) for name in ("status", "rank", "joined_at", "name_hash")},
                    "phone_hashes": json.loads(phones),
                    "referrer_codes": referrers,
                    "former_codes": [],
                    "settled_codes": [],
                    "referred_at_enrolment": bool(referrers),
                    "depth": depth,
                }
            )
        return found

    def network_enrol(self, rows: Rows) -> Records:
        self._database.executemany(
            "INSERT INTO person (code, promoter, properties) VALUES (?, 1, ?)"
            " ON CONFLICT DO UPDATE SET promoter = 1, properties = excluded.properties",
            ((row["code"], json.dumps(row["properties"])) for row in rows),
        )
        return []

    def network_refer(self, rows: Rows) -> Records:
        self._database.executemany(
            "UPDATE person SET referrer = ?1, depth = 1 + (SELECT depth FROM person WHERE code = ?1) WHERE code = ?2",
            ((row["referrer_code"], row["code"]) for row in rows),
        )
        return []

    def network_claim(self, claims: Rows) -> Records:
        self._database.executemany(
            "INSERT OR IGNORE INTO claim VALUES (:promoter_code, :referrer_code, :quarantined_at)", claims
        )
        return []

    def export_referrals_above(self, codes: list[str]) -> Records:
        """Nobody but the file's own promoters is there."""
        return [{"referrals": []}]

    def orders_people(self, codes: list[str]) -> Records:
        people: dict[str, dict[str, Any]] = {}
        wanted: Iterable[str] = codes
        for _ in range(3):
            above: list[str] = []
            for code, text, referrer in self._database.execute(
                "SELECT code, properties, referrer FROM person"
                " WHERE promoter AND code IN (SELECT value FROM json_each(?))",
                [_listed(wanted)],
            ):
                properties = json.loads(text)
                people[code] = {
                    "code": code,
                    **{name: properties.get(name) for name in ("status", "closed_at", "senior_at", "elite_at")},
                    "referrals": [] if referrer is None else [[referrer, None, None]],
                }
                if referrer is not None and referrer not in people:
                    above.append(referrer)
            wanted = above
        return [{"people": list(people.values())}]

    def identifiers_linked(self, rows: Rows) -> Records:
        found = self._database.execute(
            "SELECT identified.code, identified.id, enrolment FROM json_each(?) AS pair JOIN identified"
            " ON identified.code = json_extract(pair.value, '$[0]') AND identified.id = json_extract(pair.value, '$[1]')",
            [json.dumps([[row["code"], row["id"]] for row in rows])],
        )
        return [{"code": code, "id": id_, "enrolment": bool(enrolment)} for code, id_, enrolment in found]

    def identifiers_link(self, rows: Rows) -> Records:
        self._database.executemany(
            "INSERT OR IGNORE INTO person (code, buyer) VALUES (?, 1)", ((row["code"],) for row in rows)
        )
        self._database.executemany("INSERT OR IGNORE INTO identifier VALUES (:id, :kind, :hash, :sealed)", rows)
        self._database.executemany(
            "INSERT INTO identified VALUES (:code, :id, :enrolment)"
            " ON CONFLICT DO UPDATE SET enrolment = enrolment AND excluded.enrolment",
            rows,
        )
        return []

    def identifiers_sellers(self, codes: list[str]) -> Records:
        """Identifiers are loaded before orders: nobody has bought yet."""
        return []

    def orders_touch_keys(self, keys: list[str]) -> Records:
        found = self._database.execute(
            "SELECT key, buyer, promoter, at FROM touch WHERE key IN (SELECT value FROM json_each(?))", [_listed(keys)]
        )
        return [dict(zip(("key", "buyer_code", "promoter_code", "at"), row, strict=True)) for row in found]

    def orders_touch(self, rows: Rows) -> Records:
        self._database.executemany(
            "INSERT INTO person (code, buyer) VALUES (?, 1) ON CONFLICT DO UPDATE SET buyer = 1",
            ((row["buyer_code"],) for row in rows),
        )
        self._database.executemany("INSERT INTO touch VALUES (:key, :buyer_code, :promoter_code, :at)", rows)
        return []

    def write_people(self, tables: Tables) -> None:
        for code, promoter, buyer, codeless, text, referrer, _, *sales in self._database.execute(
            "SELECT * FROM person"
        ):
            properties = json.loads(text)
            if promoter:
                names = ("sales_orders", "sales_volume_fen", "sales_refunded_fen")
                properties |= dict(zip(names, sales, strict=True))
            if codeless is not None:
                properties["codeless"] = bool(codeless)
            labels = [label for label, has in (("Promoter", promoter), ("Buyer", buyer)) if has]
            tables.node("Person", code, properties, labels=labels)
            if referrer is not None:
                tables.relationship("REFERRED", referrer, code, {"promoter_code": code})
        for code, referrer, at in self._database.execute("SELECT * FROM claim"):
            tables.relationship("CLAIMED_REFERRAL", referrer, code, {"promoter_code": code, "quarantined_at": at})
        for id_, kind, hash_, sealed in self._database.execute("SELECT * FROM identifier"):
            tables.node("Identifier", id_, {"kind": kind, "hash": hash_, "sealed": sealed})
        for code, id_, enrolment in self._database.execute("SELECT * FROM identified"):
            tables.relationship("IDENTIFIED_BY", code, id_, {"enrolment": bool(enrolment)})
        for key, buyer, promoter, at in self._database.execute("SELECT * FROM touch"):
            tables.relationship("TOUCHED", buyer, promoter, {"key": key, "at": at})


def _listed(values: Iterable[str]) -> str:
    return json.dumps(list(values))
