"""What a WeChat to test against knows: bills, shares, receivers, and every fen that has left the merchant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from graph_api.rules.calendar import SHANGHAI

FINAL = ("SUCCESS", "FAIL", "CANCELLED")


class Refusal(Exception):
    """An error answer of the protocol."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def _now() -> str:
    return datetime.now(SHANGHAI).isoformat(timespec="seconds")


@dataclass
class Books:
    """One merchant's account.

    `initial_state`: in what state a new bill is; SUCCESS pays it at once. `share_result`: what becomes of a new share.
    `payments`: what buyers paid, by transaction id; nothing can be shared of others. `names`: real names by openid, where
    known. `moved`: (bill or share, fen) for every movement of money, so that a second one for the same is seen.
    """

    mchid: str
    appid: str
    initial_state: str = "WAIT_USER_CONFIRM"
    balance_fen: int | None = None
    share_result: str = "SUCCESS"
    share_max_bp: int = 3000
    payments: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    receivers: set[str] = field(default_factory=set)
    moved: list[tuple[str, int]] = field(default_factory=list)
    unfrozen: set[str] = field(default_factory=set)
    _bills: dict[str, dict[str, Any]] = field(default_factory=dict)
    _notify_urls: dict[str, str] = field(default_factory=dict)
    _shares: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def ask(self, given: Mapping[str, Any], opened: Callable[[str], str]) -> dict[str, Any]:
        """POST transfer-bills: the same number with the same content is the same bill."""
        with self._lock:
            key, fen, openid = given["out_bill_no"], given["transfer_amount"], given["openid"]
            self._check(given, opened)
            there = self._bills.get(key)
            if there is None:
                if self.balance_fen is not None and fen > self.balance_fen:
                    raise Refusal(403, "NOT_ENOUGH", "资金不足")
                self._notify_urls[key] = given.get("notify_url") or ""
                self._bills[key] = {
                    "mch_id": self.mchid,
                    "out_bill_no": key,
                    "transfer_bill_no": f"133{len(self._bills):033}",
                    "appid": self.appid,
                    "state": "ACCEPTED",
                    "transfer_amount": fen,
                    "transfer_remark": given["transfer_remark"],
                    "openid": openid,
                    "create_time": _now(),
                    "update_time": _now(),
                }
                if self.balance_fen is not None:
                    self.balance_fen -= fen
                self.set_state(key, self.initial_state)
            elif (there["transfer_amount"], there["openid"]) != (fen, openid):
                raise Refusal(400, "INVALID_REQUEST", "单号已存在但信息不一致，请查单后比较确认")
            bill = self._bills[key]
            said = {name: bill[name] for name in ("out_bill_no", "transfer_bill_no", "create_time", "state")}
            return said | ({"package_info": f"package-{key}"} if bill["state"] == "WAIT_USER_CONFIRM" else {})

    def bill(self, key: str) -> dict[str, Any]:
        """GET by number."""
        with self._lock:
            if key not in self._bills:
                raise Refusal(404, "NOT_FOUND", "记录不存在")
            return dict(self._bills[key])

    def cancel(self, key: str) -> dict[str, Any]:
        with self._lock:
            bill = self.bill(key)
            if bill["state"] not in ("ACCEPTED", "PROCESSING", "WAIT_USER_CONFIRM"):
                raise Refusal(400, "INVALID_REQUEST", "当前单据状态不支持撤销")
            self.finish(key, "CANCELLED")
            bill = self.bill(key)
            return {name: bill[name] for name in ("out_bill_no", "transfer_bill_no", "state", "update_time")}

    def finish(self, key: str, state: str, fail_reason: str | None = None) -> None:
        """End a bill; one that has ended stays as it is."""
        with self._lock:
            if self._bills[key]["state"] in FINAL:
                return
            self.set_state(key, state)
            if fail_reason is not None:
                self._bills[key]["fail_reason"] = fail_reason
            if state != "SUCCESS" and self.balance_fen is not None:
                self.balance_fen += self._bills[key]["transfer_amount"]

    def set_state(self, key: str, state: str) -> None:
        with self._lock:
            self._bills[key].update(state=state, update_time=_now())
            if state == "SUCCESS":
                self.moved.append((key, self._bills[key]["transfer_amount"]))

    def notify_url(self, key: str) -> str:
        return self._notify_urls[key]

    def add_receiver(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if given.get("type") != "PERSONAL_OPENID" or not given.get("relation_type"):
            raise Refusal(400, "PARAM_ERROR", "参数错误")
        self.receivers.add(given["account"])
        return {name: given[name] for name in ("type", "account", "relation_type")}

    def share(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """POST profitsharing/orders."""
        with self._lock:
            number, payment, receivers = given["out_order_no"], given["transaction_id"], given["receivers"]
            if number in self._shares:
                return self.shared(number, payment)
            if payment not in self.payments:
                raise Refusal(400, "INVALID_REQUEST", "非分账订单不支持分账")
            if any(each["account"] not in self.receivers for each in receivers):
                raise Refusal(400, "PARAM_ERROR", "分账接收方关系不存在，请检查参数中每个接收方的关系")
            asked_fen, taken_fen = sum(each["amount"] for each in receivers), self._taken_fen(payment)
            if payment in self.unfrozen or taken_fen + asked_fen > self.payments[payment]:
                raise Refusal(403, "NOT_ENOUGH", "分账金额不足")
            if (taken_fen + asked_fen) * 10_000 > self.payments[payment] * self.share_max_bp:
                raise Refusal(400, "RULE_LIMIT", "分账金额超出最大分账比例")
            shares = [{**each, "result": "PENDING", "create_time": _now()} for each in receivers]
            order_id = f"300{len(self._shares):025}"
            self._shares[number] = {
                "transaction_id": payment,
                "out_order_no": number,
                "order_id": order_id,
                "state": "PROCESSING",
                "receivers": shares,
            }
            if self.share_result != "PENDING":
                self.finish_share(number, self.share_result)
            return self.shared(number, payment)

    def shared(self, number: str, payment: str) -> dict[str, Any]:
        with self._lock:
            share = self._shares.get(number)
            if share is None or share["transaction_id"] != payment:
                raise Refusal(404, "RESOURCE_NOT_EXISTS", "记录不存在")
            return {**share, "receivers": [dict(each) for each in share["receivers"]]}

    def finish_share(self, number: str, result: str = "SUCCESS", fail_reason: str = "ACCOUNT_ABNORMAL") -> None:
        with self._lock:
            self._shares[number]["state"] = "FINISHED"
            for each in self._shares[number]["receivers"]:
                each.update(result=result, finish_time=_now())
                if result == "SUCCESS":
                    self.moved.append((number, each["amount"]))
                else:
                    each["fail_reason"] = fail_reason

    def share_notice(self, number: str) -> dict[str, Any]:
        """What the callback of a share says."""
        share = self._shares[number]
        receiver = {name: share["receivers"][0][name] for name in ("type", "account", "amount", "description")}
        numbers = {name: share[name] for name in ("transaction_id", "order_id", "out_order_no")}
        return {"mchid": self.mchid, **numbers, "receiver": receiver, "success_time": _now()}

    def unfreeze(self, given: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            if given["transaction_id"] not in self.payments:
                raise Refusal(400, "INVALID_REQUEST", "非分账订单不支持分账")
            self.unfrozen.add(given["transaction_id"])
            numbers = {name: given[name] for name in ("transaction_id", "out_order_no")}
            return {**numbers, "order_id": "3009", "state": "FINISHED"}

    def _taken_fen(self, payment: str) -> int:
        shares = [share for share in self._shares.values() if share["transaction_id"] == payment]
        return sum(r["amount"] for share in shares for r in share["receivers"] if r["result"] != "CLOSED")

    def _check(self, given: Mapping[str, Any], opened: Callable[[str], str]) -> None:
        """What WeChat refuses in a new bill or an old one."""
        if given["appid"] != self.appid:
            raise Refusal(400, "INVALID_REQUEST", "APPID不存在")
        if not re.fullmatch("[0-9A-Za-z]{1,32}", given["out_bill_no"]) or not given.get("transfer_scene_id"):
            raise Refusal(400, "PARAM_ERROR", "参数错误")
        if not given.get("transfer_scene_report_infos"):
            raise Refusal(400, "PARAM_ERROR", "需传入转账场景报备信息，请检查")
        fen, sealed = given["transfer_amount"], given.get("user_name")
        if not isinstance(fen, int) or fen < 10 or not 1 <= len(given["transfer_remark"]) <= 32:
            raise Refusal(400, "INVALID_REQUEST", "超过单笔转账上下限，核实产品设置是否准确")
        if fen >= 200_000 and not sealed:
            raise Refusal(400, "PARAM_ERROR", "转账金额>=2000元时，必须传入收款用户姓名")
        if sealed is None:
            return
        if fen < 30:
            raise Refusal(400, "PARAM_ERROR", "0.3元以下不允许输入姓名校验")
        try:
            name = opened(sealed)
        except ValueError as error:
            raise Refusal(400, "PARAM_ERROR", "敏感信息解密失败") from error
        if self.names.get(given["openid"], name) != name:
            raise Refusal(400, "INVALID_REQUEST", "用户姓名与收款微信实名不一致")
