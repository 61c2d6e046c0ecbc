"""The order of the search providers: a person moves those that the server would ask so."""

from __future__ import annotations

from app.ui.models.lists import ProvidersModel
from app.ui.widgets.rows import KEY
from tests.ui.pages import ProvidersView
from tests.ui.rig import Rig


def provider(name: str, position: int, *, yours: bool, role: str = "search") -> dict[str, object]:
    return {"name": name, "title": name, "position": position, "yours": yours, "role": role}


def test_only_neighbours_of_one_kind_that_are_asked_change_places() -> None:
    model = ProvidersModel()
    model.show_providers(
        [
            provider("tavily", 1, yours=True),
            provider("brave", 2, yours=True),
            provider("wikipedia", 3, yours=False),
            provider("duckduckgo", 4, yours=False),
            provider("exa", 0, yours=False),
            provider("anymailfinder", 1, yours=True, role="contacts"),
        ]
    )
    assert [model.can_swap(row, row + 1) for row in range(-1, 6)] == [
        *(False, True, False, True),
        *(False, False, False),
    ]


def test_a_provider_moves_one_place_and_stays_there(lou: Rig) -> None:
    providers = ProvidersView(lou)
    keyless = [name for name in providers.names() if name in {"wikipedia", "duckduckgo"}]
    providers.choose(keyless[1])
    assert providers.up.isEnabled()
    providers.up.click()
    lou.until(lambda: [n for n in providers.names() if n in keyless] == keyless[::-1])
    assert providers.list.currentIndex().data(KEY) == keyless[1]


def test_a_provider_without_its_key_cannot_be_moved(lou: Rig) -> None:
    providers = ProvidersView(lou)
    providers.choose("exa")
    lou.until(lambda: not providers.up.isEnabled())
    assert not providers.down.isEnabled()
