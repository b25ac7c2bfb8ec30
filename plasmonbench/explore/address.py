"""The state of the page as the query of its address, so that a recipe can be handed on."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import numpy as np

from plasmonbench.arrays import FloatArray
from plasmonbench.errors import PlasmonbenchError
from plasmonbench.explore.choices import Choices
from plasmonbench.explore.flows import Flow
from plasmonbench.specs import unknown_name

PROBLEM, INSTANCE, LUCK, NOISE = "problem", "lab", "luck", "noise"
MOST_LUCK = 999_999


@dataclass(frozen=True)
class Address:
    """What a query asks for; ``flows`` by name, empty where it names none."""

    problem: str
    instance: int
    flows: tuple[tuple[str, str], ...]
    luck: int
    noise: bool


def parse_query(query: str, choices: Choices) -> Address:
    """Read ``?problem=silver-prisms&lab=3&q_agno3=30&...``; what is not said is as at the start.

    Raises
    ------
    PlasmonbenchError
        If an entry stands twice, or names a problem or a lab that is not offered.
    """
    pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True)
    said = dict(pairs)
    if len(said) < len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        raise PlasmonbenchError(f"'{twice[:40]}' stands twice")
    problem = said.pop(PROBLEM, choices.first[0])
    instance = choices.first[1] if problem == choices.first[0] else 0
    if INSTANCE in said:
        instance = _whole(INSTANCE, said.pop(INSTANCE), MOST_LUCK)
    choices.check(problem, instance)
    noise = said.pop(NOISE, "on")
    if noise not in ("on", "off"):
        raise PlasmonbenchError(f"{NOISE} must be on or off; got '{noise[:40]}'")
    luck = _whole(LUCK, said.pop(LUCK, "0"), MOST_LUCK)
    return Address(problem, instance, tuple(said.items()), luck, noise == "on")


def recipe_of(address: Address, flows: tuple[Flow, ...]) -> FloatArray | None:
    """Return the recipe (d,) that an address asks for; None if it names no flow.

    It lies within the bounds; inequalities it may break, as sliders may.

    Raises
    ------
    PlasmonbenchError
        If a flow is unknown, missing, no number or out of bounds.
    """
    said = dict(address.flows)
    if not said:
        return None
    names = [flow.name for flow in flows]
    for name in said:
        if name not in names:
            raise unknown_name("entry", name[:40], [*names, PROBLEM, INSTANCE, LUCK, NOISE])
    recipe = []
    for flow in flows:
        if flow.name not in said:
            raise PlasmonbenchError(f"the flow {flow.name} is missing")
        try:
            value = float(said[flow.name])
        except ValueError:
            raise PlasmonbenchError(
                f"{flow.name}: '{said[flow.name][:40]}' is not a number"
            ) from None
        if not flow.low <= value <= flow.high:
            raise PlasmonbenchError(
                f"{flow.name} must lie in {flow.low:g} to {flow.high:g} {flow.unit}; got {value:g}"
            )
        recipe.append(value)
    return np.array(recipe)


def query_of(
    problem: str,
    instance: int,
    flows: tuple[Flow, ...],
    recipe: FloatArray,
    *,
    luck: int,
    noise: bool,
) -> str:
    """Return the query, ``?`` included, that brings this state back."""
    said = {PROBLEM: problem}
    if instance:
        said[INSTANCE] = str(instance)
    said |= {flow.name: f"{value:.10g}" for flow, value in zip(flows, recipe, strict=True)}
    if luck:
        said[LUCK] = str(luck)
    if not noise:
        said[NOISE] = "off"
    return "?" + urlencode(said, safe="[]=,:")


def _whole(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= most):
        raise PlasmonbenchError(f"{name} must be a whole number; got '{text[:40]}'")
    return int(text)
