"""What the providers that have images send for one search, as recorded or documented."""

from __future__ import annotations

from typing import Any

from servers.outbound.failure import Kind
from tests.search.standins import samples
from tests.search.standins.samples import Sample


def _many(make: Any) -> list[Any]:
    return [make(n) for n in range(1, 11)]


_FULL = {"width": 1600, "height": 1200}
IMAGES: dict[str, tuple[Sample, ...]] = {
    "brave": (
        Sample(
            "ok",
            200,
            {
                "type": "images",
                "query": {"original": "heron", "spellcheck_off": False},
                "results": _many(
                    lambda n: {
                        "type": "image_result",
                        "title": f"Heron {n}",
                        "url": f"https://e.org/{n}",
                        "source": "e.org",
                        "page_fetched": "2026-11-01T10:00:00Z",
                        "thumbnail": {"src": f"https://t.test/{n}.jpg", "width": 500},
                        "properties": {"url": f"https://i.test/{n}.jpg", **_FULL},
                        "meta_url": {"scheme": "https", "netloc": "e.org"},
                        "confidence": "high",
                    }
                ),
                "extra": {"might_be_offensive": False},
            },
        ),
        Sample("empty", 200, {"type": "images", "query": {"original": "x"}, "results": []}),
        Sample("other shape", 200, samples.BRAVE_OK, Kind.UPSTREAM),
        *samples.BRAVE[2:6],
    ),
    "google": (
        Sample(
            "ok",
            200,
            {
                "kind": "customsearch#search",
                "items": _many(
                    lambda n: {
                        "kind": "customsearch#result",
                        "title": f"Heron {n}",
                        "link": f"https://i.test/{n}.jpg",
                        "displayLink": "e.org",
                        "mime": "image/jpeg",
                        "image": {
                            "contextLink": f"https://e.org/{n}",
                            "byteSize": 4096,
                            "thumbnailLink": f"https://t.test/{n}.jpg",
                            "thumbnailWidth": 150,
                            **_FULL,
                        },
                    }
                ),
            },
        ),
        Sample("empty", 200, {"kind": "customsearch#search"}),
        Sample("other shape", 200, {"images": []}, Kind.UPSTREAM),
        *samples.GOOGLE[2:6],
    ),
    "serper": (
        Sample(
            "ok",
            200,
            {
                "searchParameters": {"q": "heron", "type": "images", "num": 10},
                "images": _many(
                    lambda n: {
                        "title": f"Heron {n}",
                        "imageUrl": f"https://i.test/{n}.jpg",
                        "imageWidth": 1600,
                        "imageHeight": 1200,
                        "thumbnailUrl": f"https://t.test/{n}.jpg",
                        "thumbnailWidth": 259,
                        "source": "E",
                        "domain": "e.org",
                        "link": f"https://e.org/{n}",
                        "position": n,
                    }
                ),
                "credits": 1,
            },
        ),
        Sample("empty", 200, {"searchParameters": {}, "images": []}),
        Sample("other shape", 200, samples.SERPER_OK, Kind.UPSTREAM),
        *samples.SERPER[2:6],
    ),
    "searxng": (
        Sample(
            "ok",
            200,
            {
                "query": "heron",
                "results": _many(
                    lambda n: {
                        "template": "images.html",
                        "category": "images",
                        "url": f"https://e.org/{n}",
                        "title": f"Heron {n}",
                        "img_src": f"//i.test/{n}.jpg",
                        "thumbnail_src": f"https://t.test/{n}.jpg",
                        "resolution": "1600 x 1200",
                        "source": "e.org",
                    }
                ),
                "unresponsive_engines": [],
            },
        ),
        Sample("empty", 200, {"results": [], "unresponsive_engines": []}),
        Sample("other shape", 200, {"query": "x"}, Kind.UPSTREAM),
        *samples.SEARXNG[2:5],
    ),
    "tavily": (
        Sample(
            "ok",
            200,
            samples.TAVILY_OK
            | {
                "images": _many(
                    lambda n: {"url": f"https://i.test/{n}.jpg", "description": f"Heron {n}"}
                )
            },
        ),
        Sample(
            "addresses alone",
            200,
            samples.TAVILY_OK | {"images": _many(lambda n: f"https://i.test/{n}.jpg")},
        ),
        Sample("empty", 200, samples.TAVILY_OK),
        Sample("other shape", 200, {"results": []}, Kind.UPSTREAM),
        *samples.TAVILY[2:6],
        *samples.TAVILY_KEYLESS,
    ),
    "wikipedia": (
        Sample(
            "ok",
            200,
            {
                "batchcomplete": True,
                "query": {
                    "pages": _many(
                        lambda n: {
                            "pageid": n,
                            "ns": 6,
                            "title": f"File:Heron {11 - n}.jpg",
                            "index": 11 - n,
                            "imagerepository": "local",
                            "imageinfo": [
                                {
                                    "size": 4096,
                                    "thumburl": f"https://t.test/{11 - n}.jpg",
                                    "url": f"https://i.test/{11 - n}.jpg",
                                    "descriptionurl": f"https://e.org/{11 - n}",
                                    **_FULL,
                                }
                            ],
                        }
                    )
                },
            },
        ),
        Sample("empty", 200, {"batchcomplete": True}),
        Sample("other shape", 200, samples.WIKIPEDIA_OK, Kind.UPSTREAM),
        *samples.WIKIPEDIA[3:6],
    ),
}
