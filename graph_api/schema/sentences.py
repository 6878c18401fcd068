"""Sentences for people, in Chinese or English: why an entry was earned, how far the next rank is."""

from __future__ import annotations

from collections.abc import Callable

from graph_api.batched.commissions import EntryCard, Sale
from graph_api.context import Language
from graph_api.rules.calendar import day_of, month_text
from graph_api.rules.commission import CommissionKind
from graph_api.rules.money import yuan
from graph_api.rules.promotion import Progress

_CAUSES = {
    "zh": {
        "refund": "因订单退款",
        "cancellation": "因订单取消",
        "reattribution": "因订单归属变更",
        "month changed after close": "因关账后销售额变动",
    },
    "en": {
        "refund": "because of a refund",
        "cancellation": "because the order was cancelled",
        "reattribution": "because the order changed hands",
        "month changed after close": "because the month's sales changed after its close",
    },
}


def percent(bp: int) -> str:
    """
    >>> percent(2000), percent(325)
    ('20%', '3.25%')
    """
    return f"{bp // 100}.{bp % 100:02d}".rstrip("0").rstrip(".") + "%"


def explanation(entry: EntryCard, *, language: Language, shows_buyer: bool, name: Callable[[str], str | None]) -> str:
    """Order, buyer, the chain at the sale, the rate's parts, and what it waits for.

    `name` gives a chain member's code as the viewer may see it, or None; the chain ends with the receiver.
    """
    say = _zh if language == "zh" else _en
    chain = _chain(entry, name)
    return say(entry, chain, entry.sale if shows_buyer else None)


def _chain(entry: EntryCard, name: Callable[[str], str | None]) -> str:
    codes = entry.sale.chain_codes if entry.sale is not None else ()
    below = codes[: codes.index(entry.promoter_code) + 1] if entry.promoter_code in codes else ()
    return " → ".join(name(code) or "…" for code in below)


def _cause(entry: EntryCard, language: Language) -> str | None:
    """What made a correction necessary; None for a first share."""
    return _CAUSES[language].get(entry.cause.partition(":")[0])


def _zh(entry: EntryCard, chain: str, shown: Sale | None) -> str:
    what = {
        CommissionKind.BASE: "直接销售佣金",
        CommissionKind.OVERRIDE: f"第 {entry.level} 级团队管理奖",
        CommissionKind.TIER: "月度阶梯奖励",
        CommissionKind.CLAWBACK: "佣金回收",
        CommissionKind.ADJUSTMENT: "佣金调整",
    }[entry.kind]
    parts = [what, *filter(None, [_cause(entry, "zh")])]
    if entry.sale is not None:
        parts.append(f"订单 {entry.sale.number}" + (f"（买家 {shown.buyer_code}）" if shown else ""))
        parts.append(f"{day_of(entry.sale.paid_at)} 支付")
    else:
        parts.append(f"{month_text(entry.month)} 月度个人销售额")
    if chain:
        parts.append(f"成交时推荐链 {chain}")
    if entry.sku:
        parts.append(f"商品 {entry.sku}")
    parts.append(f"净额变动 {yuan(entry.basis_fen)} 元，费率 {percent(entry.rate_bp)}，计 {yuan(entry.amount_fen)} 元")
    parts.append(f"方案 {entry.plan_version}")
    parts.append(_standing_zh(entry))
    return "；".join(parts) + "。"


def _standing_zh(entry: EntryCard) -> str:
    """Where the entry stands, what it waits for, and which payout it is in."""
    if entry.state == "OBSERVING":
        return f"观察中，{day_of(entry.release_at)} 起可释放" if entry.release_at else "观察中，签收后开始计观察期"
    if entry.state == "HELD":
        return "账户已锁定，冻结待复核"
    if entry.state == "VOIDED":
        return "经复核作废"
    if entry.payout_id is not None:
        return f"{'已支付' if entry.state == 'PAID' else '已计入付款'}，付款单 {entry.payout_id}"
    if entry.amount_fen < 0:
        return "欠款，从后续付款中扣除"
    provisional = "（该年日历未公布，暂定）" if entry.due_provisional else ""
    return f"已释放，{day_of(entry.due_at)} 起支付{provisional}" if entry.due_at else "已释放"


def _en(entry: EntryCard, chain: str, shown: Sale | None) -> str:
    what = {
        CommissionKind.BASE: "Commission on an own sale",
        CommissionKind.OVERRIDE: f"Override on a sale {entry.level} level{'s' if entry.level > 1 else ''} below",
        CommissionKind.TIER: "Tier of a month's own sales",
        CommissionKind.CLAWBACK: "Commission taken back",
        CommissionKind.ADJUSTMENT: "Commission corrected upward",
    }[entry.kind]
    parts = [what, *filter(None, [_cause(entry, "en")])]
    if entry.sale is not None:
        parts.append(f"order {entry.sale.number}" + (f" of buyer {shown.buyer_code}" if shown else ""))
        parts.append(f"paid on {day_of(entry.sale.paid_at)}")
    else:
        parts.append(f"own sales of {month_text(entry.month)}")
    if chain:
        parts.append(f"chain at the sale {chain}")
    if entry.sku:
        parts.append(f"product {entry.sku}")
    parts.append(f"net changed by ¥{yuan(entry.basis_fen)} at {percent(entry.rate_bp)} gives ¥{yuan(entry.amount_fen)}")
    parts.append(f"plan {entry.plan_version}")
    parts.append(_standing_en(entry))
    return "; ".join(parts) + "."


def _standing_en(entry: EntryCard) -> str:
    if entry.state == "OBSERVING":
        return f"observed until {day_of(entry.release_at)}" if entry.release_at else "observed from its delivery on"
    if entry.state == "HELD":
        return "held for review while the account is locked"
    if entry.state == "VOIDED":
        return "voided by a review"
    if entry.payout_id is not None:
        return f"{'paid' if entry.state == 'PAID' else 'on its way'} with payout {entry.payout_id}"
    if entry.amount_fen < 0:
        return "a debt, taken off the next payouts"
    provisional = " (provisional: that year's calendar is not announced yet)" if entry.due_provisional else ""
    return f"released, payable from {day_of(entry.due_at)}{provisional}" if entry.due_at else "released"


def downlines_detail(progress: Progress, *, language: Language) -> str:
    """How far the route by valid downlines is."""
    if progress.next_rank is None:
        return "已是最高等级。" if language == "zh" else "This is the highest rank."
    missing = max(progress.downlines_required - progress.downlines, 0)
    if language == "zh":
        rest = "已达标" if not missing else f"还差 {missing} 人"
        return f"有效下线 {progress.downlines}/{progress.downlines_required} 人，{rest}。"
    rest = "reached" if not missing else f"{missing} to go"
    return f"{progress.downlines} of {progress.downlines_required} valid downlines, {rest}."


def sales_detail(progress: Progress, *, language: Language) -> str:
    """How far the route by consecutive months is."""
    if progress.next_rank is None:
        return "已是最高等级。" if language == "zh" else "This is the highest rank."
    reached = sum(month.sales_fen >= progress.month_required_fen for month in progress.months)
    months = ", ".join(f"{month_text(month.month)} {yuan(month.sales_fen)}" for month in progress.months)
    required = yuan(progress.month_required_fen)
    if language == "zh":
        return f"连续 {len(progress.months)} 个月个人销售额各达 {required} 元：已达 {reached} 个月（{months}）。"
    return (
        f"Own sales of ¥{required} in each of {len(progress.months)} consecutive months: {reached} reached ({months})."
    )


_LOCKED_FOR = {
    "COMMISSION_SPIKE": ("佣金短期内异常升高", "commission rose unusually within a short time"),
    "IDENTITY_RING": ("设备、账户或身份信息与他人相同", "a device, account or identity is shared with others"),
    "SHARED_PAYOUT_ACCOUNT": ("收款账户与他人相同", "a payout account is shared with others"),
}
_LOCKED_OTHERWISE = ("交易需要核实", "trade has to be looked into")


def lock_reason(detectors: list[str], *, language: Language) -> str:
    """Why findings have locked a promoter, for the promoter: what it is about, and nothing of others or of thresholds.

    >>> lock_reason(["SHARED_PAYOUT_ACCOUNT"], language="zh")
    '账户复核中：收款账户与他人相同。佣金照常累计，冻结至复核结束。'
    """
    said = dict.fromkeys(_LOCKED_FOR.get(detector, _LOCKED_OTHERWISE) for detector in detectors)
    if language == "zh":
        return f"账户复核中：{'；'.join(zh for zh, _ in said)}。佣金照常累计，冻结至复核结束。"
    return f"Under review: {'; '.join(en for _, en in said)}. Commission is earned on and held until the review ends."
