"""The review of a data set as tables."""

from collections.abc import Iterator

from rich.table import Table

from enf2enf.data.review import FEW, HUGE, Review


def tables(review: Review) -> Iterator[Table | str]:
    """Ranges, then what must be mended, then what is worth a look."""
    splits = ", ".join(f"{count} {split}" for split, count in review.cases.items())
    low, high = review.points
    table = Table(title=f"{splits} cases of {low} to {high} points")
    for column in ("quantity", "unit", "smallest", "median of means", "largest"):
        table.add_column(column, justify="left" if column in ("quantity", "unit") else "right")
    for one in review.ranges:
        name = one.quantity.name if one.quantity.is_single else f"|{one.quantity.name}|"
        table.add_row(name, one.quantity.unit or "1", *(f"{x:.6g}" for x in (one.low, one.middle, one.high)))
    yield table
    for must, title in ((True, "to be mended"), (False, "worth a look")):
        found = [finding.text for finding in review.findings if finding.must == must]
        if found:
            yield Table(*[f"{title} ({len(found)})"])
            for text in found:
                yield f"- {text}"
    if not review.findings:
        yield "nothing to be mended, nothing odd"
    if sum(review.cases.values()) < FEW:
        yield f"of fewer than {FEW} cases only a number {HUGE:g} times as large as all others is taken for odd"
