"""What a model needs, what it returns and how far it was trained: the same of one here and of one behind a server."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from enf2enf.io.formats import FORMATS
from enf2enf.plain import is_number
from enf2enf.schema import Schema


@dataclasses.dataclass(frozen=True)
class Description:
    """What is said about a model.

    Args:
        name: of the model; of one behind a server, its name there.
        version: its number in the server's repository; 0 of a model that is not behind one.
        digest: identifies the weights and all else that decides an answer.
        schema: conditions that a query must give, and fields that it returns.
        trained: condition -> (smallest, largest) value in the training data, per component.
        reference_length: the model's length scale in metres.
        formats: mesh formats that are read.
        limits: name -> largest value that the server accepts, as in `surrogate.proto`; empty without a server.
        card: the complete model card.
    """

    name: str
    version: int
    digest: str
    schema: Schema
    trained: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    reference_length: float
    formats: tuple[str, ...]
    limits: Mapping[str, int]
    card: Mapping[str, Any]

    @classmethod
    def of_card(cls, card: Mapping[str, Any]) -> Self:
        """The description of a model that is not behind a server."""
        schema, columns = Schema.from_dict(card["schema"]), ("condition_low", "condition_high")
        ranges = [[tuple(card[key][part]) for key in columns] for part in schema.condition_columns.slices]
        return cls(
            name=str(card.get("name", "")),
            version=0,
            digest=card["version"],
            schema=schema,
            trained={q.name: (low, high) for q, (low, high) in zip(schema.conditions, ranges, strict=True)},
            reference_length=card["reference_length"],
            formats=tuple(sorted(FORMATS)),
            limits={},
            card=card,
        )

    def __str__(self) -> str:
        needs = ", ".join(f"{q.name} [{q.unit or '1'}]" for q in self.schema.conditions) or "no conditions"
        returns = ", ".join(f"{q.name} [{q.unit or '1'}]" for q in self.schema.fields)
        error = self.card.get("metrics", {}).get("validation")
        measured = f", validation error {error:.2g}" if is_number(error) else ""
        return f"{self.name or 'unnamed'}: {needs} -> {returns}{measured}"
