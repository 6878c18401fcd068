"""Words the demonstration network is told with; nobody's real data."""

from __future__ import annotations

from random import Random

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严欧阳"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红玲燕梅琳莹雪佳慧颖婷倩欣怡晨宇浩博文轩子涵梓萱雨桐思远嘉懿若曦诗晓春秋冬海山云松柏青竹安宁乐天"
COMPOUND_SURNAMES = ("欧阳", "上官", "司马", "诸葛")

PRODUCTS: tuple[tuple[str, str, int, int], ...] = (
    ("tea-biluochun", "洞庭碧螺春 125 克", 16_800, 2000),
    ("tea-puer", "古树普洱 357 克", 29_900, 2500),
    ("serum", "烟酰胺精华 30 毫升", 19_900, 3000),
    ("mask", "玻尿酸面膜 20 片", 9_900, 2800),
    ("probiotic", "益生菌 60 条", 23_800, 2500),
    ("collagen", "胶原蛋白饮 14 瓶", 26_800, 2800),
    ("rice", "五常大米 5 千克", 7_990, 1500),
    ("honey", "椴树蜜 500 克", 6_800, 2000),
    ("oil", "山茶油 1 升", 15_800, 1800),
    ("toothbrush", "声波牙刷", 12_900, 2200),
    ("purifier", "台面净水机", 398_000, 1500),
)
"""sku, title, price in fen, base rate in basis points."""
BIG_SKU = "purifier"

UTM: tuple[tuple[str, str, str], ...] = (
    ("wechat", "moments", "daily"),
    ("wechat", "group", "daily"),
    ("wechat", "miniprogram", "member-day"),
    ("xiaohongshu", "note", "grass"),
    ("douyin", "live", "live-night"),
    ("offline", "qrcode", "street"),
    ("", "", ""),
)
CAMPAIGN_OF_MONTH = {
    202511: "double-11",
    202601: "new-year",
    202602: "spring-festival",
    202606: "618",
    202609: "mid-autumn",
}


def person_name(rng: Random) -> str:
    """A Chinese name of two to four characters."""
    surname = rng.choice(COMPOUND_SURNAMES) if rng.random() < 0.01 else rng.choice(SURNAMES[:-2])
    return surname + "".join(rng.choice(GIVEN) for _ in range(1 if rng.random() < 0.3 else 2))
