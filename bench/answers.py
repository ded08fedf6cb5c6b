"""Bodies of about 1 KB, and what a user looks for in them."""

import json
from typing import NamedTuple

ANSWER_ID = "0b5f5a1e-7c52-4d0e-9d0a-3f1c2a8e6b11"

# as tests/target answers /resources/ID
FLAT = {
    "id": ANSWER_ID, "name": "a resource", "status": "ACTIVE", "price": 1999,
    "tags": ["small", "steady"], "filler": "x" * 850,
}

# 25 values in the objects, which stand three deep
NESTED = {
    "id": ANSWER_ID, "status": "ACTIVE", "created": "2026-11-02T09:14:27.301Z",
    "currency": "EUR", "total": 249.85, "paid": True, "coupon": None,
    "note": "Please ring twice and leave the parcel with the neighbours on "
            "the ground floor if nobody opens; they are told and at home all "
            "day, but on Thursday, when the shop on the corner takes it until "
            "seven. Do not leave it in the yard.",
    "customer": {
        "number": 481516, "name": "Antonia Vandenberghe", "language": "nl",
        "email": "antonia.vandenberghe@mail.shop.example",
        "address": {
            "street": "Lange Nieuwstraat 104", "city": "Antwerpen",
            "zip": "2000", "country": "BE", "is_company": False,
        },
    },
    "delivery": {
        "carrier": "northern parcel and freight", "cost": 4.95,
        "expected": "2026-11-05",
        "parcel": {
            "number": "00340434161094042557", "weight_g": 3150,
            "link": "https://track.carrier.example/parcels/"
                    "00340434161094042557?language=nl&country=BE",
            "events": ["accepted", "sorted", "on its way"],
            "stored_at": "depot 17, hall C, shelf 4",
        },
    },
}

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A page of the shop</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<nav><a href="/">Home</a> <a href="/hats">Hats</a> <a href="/coats">Coats</a>
<a href="/shoes">Shoes</a> <a href="/account">Your account</a></nav>
<h1>Felt hat, grey</h1>
<p class="price">EUR 49.90</p>
<p>Made of wool felt in a small workshop by the sea, brushed by hand, with a
band of the same colour. It keeps its shape in the rain, may be rolled up for
a journey, and is lined with cotton. The brim is six centimetres wide. Sizes
go by the measure of the head, taken just above the ears; between two sizes
take the larger one, as a strip of felt for the inside comes with each.</p>
<form method="post" action="/basket">
<input type="hidden" name="csrf" value="{id}">
<input type="number" name="count" value="1" min="1" max="9">
<button type="submit">Into the basket</button>
</form>
<footer><p>In stock, sent within two days</p></footer>
</body>
</html>
"""


class Answer(NamedTuple):
    """A body of about 1 KB, and what a user looks for in it."""
    name: str           # its path too
    kind: str
    body: str
    checks: str         # lines below the request


JSON_CHECKS = """
check      = json /status == ACTIVE
capture.id = json /id
"""
PAGE_CHECKS = """
check      = body ~ <p>In stock, [^<]+</p>
capture.id = body name="csrf" value="([^"]+)"
"""


def json_answer(name, value):
    body = json.dumps(value, separators=(",", ":"))
    return Answer(name, "application/json", body, JSON_CHECKS)


ANSWERS = [
    json_answer("flat-json", FLAT),
    json_answer("nested-json", NESTED),
    Answer("html", "text/html", PAGE.format(id=ANSWER_ID), PAGE_CHECKS),
]
