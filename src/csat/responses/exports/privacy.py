"""Columns that say who answered: by their name, or because their cells are addresses."""

from __future__ import annotations

import re

from csat.responses.exports.layout import squeeze
from csat.responses.raw import RawColumn

WORDS = {
    "ip",
    "ipaddress",
    "ipaddr",
    "来自ip",
    "ip地址",
    "email",
    "e-mail",
    "emailaddress",
    "e-mailaddress",
    "mail",
    "电子邮件",
    "电子邮件地址",
    "电子邮箱",
    "邮箱",
    "phone",
    "phonenumber",
    "telephone",
    "tel",
    "mobile",
    "mobilephone",
    "cellphone",
    "mobilenumber",
    "电话",
    "电话号码",
    "联系电话",
    "联系方式",
    "手机",
    "手机号",
    "手机号码",
    "name",
    "fullname",
    "firstname",
    "lastname",
    "surname",
    "givenname",
    "familyname",
    "respondentname",
    "customername",
    "姓名",
    "您的姓名",
    "客户姓名",
    "latitude",
    "longitude",
    "lat",
    "lon",
    "lng",
    "gps",
    "纬度",
    "经度",
    "address",
    "homeaddress",
    "streetaddress",
    "street",
    "地址",
    "家庭住址",
    "住址",
    "详细地址",
    "postcode",
    "postalcode",
    "zip",
    "zipcode",
    "邮编",
    "邮政编码",
    "wechat",
    "wechatid",
    "微信",
    "微信号",
    "微信昵称",
    "昵称",
    "openid",
    "qq",
    "qq号",
    "身份证",
    "身份证号",
    "身份证号码",
    "passport",
    "ssn",
}
NUMBER = re.compile(r"^\*?(?:q\d+[a-z]?|第?\d+题?)[.、:：)）]?")
MAIL = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[A-Za-z]{2,}")
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:[(（].*)?")
SAMPLE = 200
MOSTLY = 0.8


def is_private_header(header: str) -> bool:
    """Whether a column's name says that it tells who answered: `E-mail`, `手机号`, `Q14ZIP`."""
    name = squeeze(header)
    return name in WORDS or NUMBER.sub("", name) in WORDS


def holds_addresses(column: RawColumn) -> str:
    """'e-mail' or 'IP' when most cells are such addresses, else ''."""
    texts = [t for row in range(min(len(column), SAMPLE)) if (t := column.text(row))]
    for kind, pattern in (("e-mail", MAIL), ("IP", ADDRESS)):
        if texts and sum(bool(pattern.fullmatch(t)) for t in texts) >= MOSTLY * len(texts):
            return kind
    return ""


def kind_of(header: str) -> str:
    """Which address a private column holds: 'e-mail', 'IP', or '' when repeats of it mean nothing."""
    name = squeeze(header)
    if "mail" in name or "邮" in name or name in ("username", "用户名"):
        return "" if name in ("邮编", "邮政编码") else "e-mail"
    return "IP" if re.search(r"(?:^|[^a-z])ip(?:$|address|addr|地址)|^来自ip", name) else ""
