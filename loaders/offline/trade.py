"""Products and orders while they are built offline: what is final goes to its table at once, the rest waits on disk.

Orders without a code may still change hands; everything else of an import is written once and never read again.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from cypher import plans
from graph_api.rules.plan import DEFAULT_PLAN
from loaders.offline.people import Records, Rows
from loaders.offline.tables import Tables

SCHEMA = """
CREATE TABLE coded (buyer, paid_at, number, given);
CREATE INDEX coded_buyer ON coded (buyer);
CREATE TABLE codeless (number PRIMARY KEY, buyer, paid_at, seller, properties);
CREATE INDEX codeless_buyer ON codeless (buyer);
CREATE TABLE codeless_line (number, line_index, sku, properties, PRIMARY KEY (number, line_index));
CREATE TABLE event (key PRIMARY KEY, number, properties);
CREATE INDEX event_number ON event (number);
CREATE TABLE sales_month (promoter, month, orders, volume_fen, refunded_fen, PRIMARY KEY (promoter, month));
"""


class Trade:
    """Statements of products, plans, orders and months; methods are named `subject_name`."""

    def __init__(self, database: sqlite3.Connection, tables: Tables) -> None:
        self._database = database
        self._tables = tables
        self._products: dict[str, dict[str, Any]] = {}
        database.executescript(SCHEMA)

    def plans_versions(self) -> Records:
        """An empty store has the default plan."""
        return [{"plan": plans.properties_of(DEFAULT_PLAN)}]

    def months_closed(self) -> Records:
        return []

    def products_by_sku(self, skus: list[str]) -> Records:
        return [self._products[sku] for sku in skus if sku in self._products]

    def products_put(self, rows: Rows) -> Records:
        self._products.update((row["sku"], row) for row in rows)
        return []

    def orders_facts(self, numbers: list[str], skus: list[str], buyer_codes: list[str]) -> Records:
        """A file's rows of one number come as one order, so none is there already, and no event waits for it."""
        found = self._database.execute(
            "SELECT code FROM person WHERE codeless AND code IN (SELECT value FROM json_each(?))",
            [json.dumps(buyer_codes)],
        )
        return [
            {
                "orders": [],
                "parked": [],
                "products": self.products_by_sku(skus),
                "codeless_buyers": [code for (code,) in found],
                "plans": [row["plan"] for row in self.plans_versions()],
                "closed_months": [],
            }
        ]

    def orders_touches(self, buyer_codes: list[str]) -> Records:
        def rows(sql: str, code: str) -> list[list[Any]]:
            return [list(row) for row in self._database.execute(sql, [code])]

        buyers = [
            {
                "buyer_code": code,
                "touches": rows("SELECT at, key, promoter FROM touch WHERE buyer = ?", code),
                "coded": rows("SELECT paid_at, 'order:' || number, given FROM coded WHERE buyer = ?", code),
                "codeless": rows("SELECT number, paid_at, seller FROM codeless WHERE buyer = ?", code),
            }
            for code in buyer_codes
        ]
        return [{"buyers": buyers}]

    def orders_load(self, numbers: list[str]) -> Records:
        return [{"orders": [self._order(number) for number in numbers]}]

    def _order(self, number: str) -> dict[str, Any]:
        (text,) = self._database.execute("SELECT properties FROM codeless WHERE number = ?", [number]).fetchone()
        lines = self._database.execute(
            "SELECT sku, properties FROM codeless_line WHERE number = ? ORDER BY line_index", [number]
        )
        events = self._database.execute("SELECT properties FROM event WHERE number = ?", [number])
        return {
            "properties": json.loads(text),
            "lines": [{"sku": sku, "line": json.loads(line)} for sku, line in lines],
            "refunds": [json.loads(event) for (event,) in events],
            "voided": [],
            "locked_codes": [],
        }

    def orders_append(
        self,
        buyers: Rows,
        orders: Rows,
        changed_orders: Rows,
        changed_lines: Rows,
        unsold: list[str],
        sold: Rows,
        sales: Rows,
        commissions: Rows,
        postings: Rows,
        events: Rows,
    ) -> Records:
        self._append_buyers(buyers)
        codeless = {row["properties"]["number"] for row in orders if row["properties"]["given_code"] is None}
        waiting = codeless | {row["number"] for row in changed_orders}
        for row in orders:
            number = row["properties"]["number"]
            self._append_order(row["buyer_code"], row["properties"])
            for line in row["lines"]:
                self._append_line(number, line["sku"], line["properties"], waits=number in codeless)
            if row["seller_code"] is not None and number not in codeless:
                self._tables.relationship("SOLD", row["seller_code"], number, {})
            for entry in row["commissions"]:
                self._append_commission(entry)
        self._change(changed_orders, changed_lines)
        for row in sold:
            if row["number"] not in waiting:
                self._tables.relationship("SOLD", row["seller_code"], row["number"], {})
        self._append_sales(sales)
        for row in commissions:
            self._append_commission(row)
        for row in postings:
            self._append_posting(row)
        self._database.executemany(
            "INSERT OR REPLACE INTO event VALUES (?, ?, ?)",
            ((row["key"], row["order_number"], json.dumps(row)) for row in events),
        )
        return []

    def _append_buyers(self, buyers: Rows) -> None:
        self._database.executemany(
            "INSERT INTO person (code, buyer, codeless) VALUES (:code, 1, :codeless)"
            " ON CONFLICT DO UPDATE SET buyer = 1, codeless = coalesce(codeless, 0) OR excluded.codeless",
            buyers,
        )

    def _append_order(self, buyer_code: str, properties: dict[str, Any]) -> None:
        number, paid_at, given_code = properties["number"], properties["paid_at"], properties["given_code"]
        if given_code is None:
            row = (number, buyer_code, paid_at, properties["seller_code"], json.dumps(properties))
            self._database.execute("INSERT INTO codeless VALUES (?, ?, ?, ?, ?)", row)
        else:
            self._database.execute("INSERT INTO coded VALUES (?, ?, ?, ?)", (buyer_code, paid_at, number, given_code))
            self._write_order(buyer_code, properties)

    def _write_order(self, buyer_code: str, properties: dict[str, Any]) -> None:
        number = properties.pop("number")
        self._tables.node("Order", number, properties)
        self._tables.relationship("PLACED", buyer_code, number, {})

    def _append_line(self, number: str, sku: str, properties: dict[str, Any], *, waits: bool) -> None:
        if waits:
            row = (number, properties["line_index"], sku, json.dumps(properties))
            self._database.execute("INSERT INTO codeless_line VALUES (?, ?, ?, ?)", row)
        else:
            self._tables.relationship("CONTAINS", number, sku, properties)

    def _change(self, changed_orders: Rows, changed_lines: Rows) -> None:
        self._database.executemany(
            "UPDATE codeless SET seller = ?, properties = json_patch(properties, ?) WHERE number = ?",
            (
                (row["properties"]["seller_code"], json.dumps(row["properties"]), row["number"])
                for row in changed_orders
            ),
        )
        self._database.executemany(
            "UPDATE codeless_line SET properties = json_patch(properties, ?) WHERE number = ? AND line_index = ?",
            ((json.dumps(row["properties"]), row["number"], row["line_index"]) for row in changed_lines),
        )

    def _append_sales(self, sales: Rows) -> None:
        self._database.executemany(
            "UPDATE person SET sales_orders = sales_orders + :orders, sales_volume_fen = sales_volume_fen + :volume_fen,"
            " sales_refunded_fen = sales_refunded_fen + :refunded_fen WHERE code = :promoter_code",
            sales,
        )
        self._database.executemany(
            "INSERT INTO sales_month VALUES (:promoter_code, :month, :orders, :volume_fen, :refunded_fen)"
            " ON CONFLICT DO UPDATE SET orders = orders + excluded.orders,"
            " volume_fen = volume_fen + excluded.volume_fen, refunded_fen = refunded_fen + excluded.refunded_fen",
            sales,
        )

    def _append_commission(self, row: dict[str, Any]) -> None:
        properties = dict(row["properties"])
        id_ = properties.pop("id")
        self._tables.node("Commission", id_, properties)
        self._tables.relationship("EARNED", row["promoter_code"], id_, {})
        if row["number"] is not None:
            self._tables.relationship("YIELDED", row["number"], id_, {})

    def _append_posting(self, row: dict[str, Any]) -> None:
        properties = dict(row)
        self._tables.node("Posting", properties.pop("id"), properties)

    def write_trade(self) -> None:
        """What has waited until now."""
        for product in self._products.values():
            properties = dict(product)
            self._tables.node("Product", properties.pop("sku"), properties)
        for number, buyer, _, seller, text in self._database.execute("SELECT * FROM codeless"):
            self._write_order(buyer, json.loads(text))
            if seller is not None:
                self._tables.relationship("SOLD", seller, number, {})
        for number, _, sku, text in self._database.execute("SELECT * FROM codeless_line"):
            self._tables.relationship("CONTAINS", number, sku, json.loads(text))
        for key, _, text in self._database.execute("SELECT * FROM event"):
            properties = json.loads(text)
            del properties["key"]
            self._tables.node("OrderEvent", key, properties)
        columns = ("promoter_code", "month", "orders", "volume_fen", "refunded_fen")
        for number, row in enumerate(self._database.execute("SELECT * FROM sales_month")):
            self._tables.node("SalesMonth", str(number), dict(zip(columns, row, strict=True)))
            self._tables.relationship("SOLD_IN", row[0], str(number), {})
