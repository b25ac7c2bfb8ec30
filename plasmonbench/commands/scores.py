"""Prints the scores of campaigns, for people or for machines; what failed is said first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console

from plasmonbench.campaign_file import StoredCampaign
from plasmonbench.randomness import generator
from plasmonbench.scoring.scores import score_campaigns
from plasmonbench.tables import campaign_records, print_scores, score_record

out = Console(soft_wrap=False)
notes = Console(stderr=True, soft_wrap=True, highlight=False)


def show_scores(
    problems: Mapping[str, Any],
    campaigns: Sequence[StoredCampaign],
    level: str | None,
    *,
    as_json: bool,
    each: bool = False,
) -> None:
    """Print a table for each problem, or one JSON document, with ``each`` campaign in it."""
    failures = Counter((c.strategy, c.failure) for c in campaigns if c.failure is not None)
    for (strategy, reason), n in failures.items():
        count = f"{n} campaign{'s' if n > 1 else ''}"
        notes.print(f"failed: {strategy} ({count}): {reason}", markup=False)
    if failures:
        notes.print("failed campaigns are run again with: --retry-failed")
    scores = score_campaigns(campaigns, problems, level=level, rng=generator("comparison", 1))
    if as_json:
        record = score_record(scores, problems, level)
        if each:
            record["campaigns"] = campaign_records(campaigns)
        click.echo(json.dumps(record, allow_nan=False))
        return
    print_scores(out, scores, problems, level)
