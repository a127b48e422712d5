"""What nothing else beats: the choices for which no other has at least the score and costs less."""

from collections.abc import Sequence


def pareto_places(costs: Sequence[float | None], scores: Sequence[float | None]) -> list[int]:
    """The places of the choices that a person need think about, the cheapest first.

    A choice stays if every cheaper one has a lower score, and none of its cost a higher one. Of equal ones all stay.

    Args:
        costs: What each costs, such as its size; None where that is not known.
        scores: How good each is; None where that is not known. A choice without either stays out.
    """
    known = [
        (cost, score, place)
        for place, (cost, score) in enumerate(zip(costs, scores, strict=True))
        if cost is not None and score is not None
    ]
    return [
        place
        for cost, score, place in sorted(known)
        if not any(
            other_cost <= cost and other_score >= score and (other_cost, other_score) != (cost, score)
            for other_cost, other_score, _ in known
        )
    ]
