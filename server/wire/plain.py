"""Messages and answers as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from google.protobuf.message import Message


def text(plain: Any) -> bytes:
    """The JSON of plain data and arrays; null where a number is none."""
    return orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY)


def message_data(message: Message) -> dict[str, Any]:
    """A message by the names of its fields, all of them; enumerations as words."""
    return {field.name: _value(field, getattr(message, field.name)) for field in message.DESCRIPTOR.fields}


def _value(field: Any, value: Any) -> Any:
    if isinstance(value, Message):
        return message_data(value)
    if isinstance(value, Mapping):
        return {key: value[key] for key in sorted(value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(field, part) for part in value]
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name.partition("_")[2].lower()  # such as KIND_VECTOR
    return value
