from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ("model", "version")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("name", "digest", "preset", "licence", "dim", "conditions", "fields", "reference_length", "metrics", "card_json", "formats", "limits", "chunk_points", "server_version", "version", "outer_is_far", "open_walls")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    CARD_JSON_FIELD_NUMBER: _ClassVar[int]
    FORMATS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CHUNK_POINTS_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OUTER_IS_FAR_FIELD_NUMBER: _ClassVar[int]
    OPEN_WALLS_FIELD_NUMBER: _ClassVar[int]
    name: str
    digest: str
    preset: str
    licence: str
    dim: int
    conditions: _containers.RepeatedCompositeFieldContainer[Quantity]
    fields: _containers.RepeatedCompositeFieldContainer[Quantity]
    reference_length: float
    metrics: _containers.ScalarMap[str, float]
    card_json: str
    formats: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    chunk_points: int
    server_version: str
    version: int
    outer_is_far: bool
    open_walls: bool
    def __init__(self, name: _Optional[str] = ..., digest: _Optional[str] = ..., preset: _Optional[str] = ..., licence: _Optional[str] = ..., dim: _Optional[int] = ..., conditions: _Optional[_Iterable[_Union[Quantity, _Mapping]]] = ..., fields: _Optional[_Iterable[_Union[Quantity, _Mapping]]] = ..., reference_length: _Optional[float] = ..., metrics: _Optional[_Mapping[str, float]] = ..., card_json: _Optional[str] = ..., formats: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., chunk_points: _Optional[int] = ..., server_version: _Optional[str] = ..., version: _Optional[int] = ..., outer_is_far: bool = ..., open_walls: bool = ...) -> None: ...

class Quantity(_message.Message):
    __slots__ = ("name", "kind", "unit", "trained_lower", "trained_upper", "scales_with", "on", "relative_to", "transform")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Quantity.Kind]
        KIND_SCALAR: _ClassVar[Quantity.Kind]
        KIND_VECTOR: _ClassVar[Quantity.Kind]
        KIND_PSEUDOSCALAR: _ClassVar[Quantity.Kind]
        KIND_PSEUDOVECTOR: _ClassVar[Quantity.Kind]
        KIND_TENSOR: _ClassVar[Quantity.Kind]
    KIND_UNSPECIFIED: Quantity.Kind
    KIND_SCALAR: Quantity.Kind
    KIND_VECTOR: Quantity.Kind
    KIND_PSEUDOSCALAR: Quantity.Kind
    KIND_PSEUDOVECTOR: Quantity.Kind
    KIND_TENSOR: Quantity.Kind
    class On(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ON_UNSPECIFIED: _ClassVar[Quantity.On]
        ON_DOMAIN: _ClassVar[Quantity.On]
        ON_WALL: _ClassVar[Quantity.On]
    ON_UNSPECIFIED: Quantity.On
    ON_DOMAIN: Quantity.On
    ON_WALL: Quantity.On
    class ScalesWithEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    TRAINED_LOWER_FIELD_NUMBER: _ClassVar[int]
    TRAINED_UPPER_FIELD_NUMBER: _ClassVar[int]
    SCALES_WITH_FIELD_NUMBER: _ClassVar[int]
    ON_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_TO_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: Quantity.Kind
    unit: str
    trained_lower: _containers.RepeatedScalarFieldContainer[float]
    trained_upper: _containers.RepeatedScalarFieldContainer[float]
    scales_with: _containers.ScalarMap[str, float]
    on: Quantity.On
    relative_to: str
    transform: str
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[Quantity.Kind, str]] = ..., unit: _Optional[str] = ..., trained_lower: _Optional[_Iterable[float]] = ..., trained_upper: _Optional[_Iterable[float]] = ..., scales_with: _Optional[_Mapping[str, float]] = ..., on: _Optional[_Union[Quantity.On, str]] = ..., relative_to: _Optional[str] = ..., transform: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("mesh_bytes", "mesh_nodes", "points", "message_bytes", "concurrent_requests", "cached_shapes", "mesh_cells", "cached_bytes")
    MESH_BYTES_FIELD_NUMBER: _ClassVar[int]
    MESH_NODES_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    CACHED_SHAPES_FIELD_NUMBER: _ClassVar[int]
    MESH_CELLS_FIELD_NUMBER: _ClassVar[int]
    CACHED_BYTES_FIELD_NUMBER: _ClassVar[int]
    mesh_bytes: int
    mesh_nodes: int
    points: int
    message_bytes: int
    concurrent_requests: int
    cached_shapes: int
    mesh_cells: int
    cached_bytes: int
    def __init__(self, mesh_bytes: _Optional[int] = ..., mesh_nodes: _Optional[int] = ..., points: _Optional[int] = ..., message_bytes: _Optional[int] = ..., concurrent_requests: _Optional[int] = ..., cached_shapes: _Optional[int] = ..., mesh_cells: _Optional[int] = ..., cached_bytes: _Optional[int] = ...) -> None: ...

class MeshHeader(_message.Message):
    __slots__ = ("name", "size", "walls", "length_unit", "model", "version", "symmetry")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    WALLS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_UNIT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SYMMETRY_FIELD_NUMBER: _ClassVar[int]
    name: str
    size: int
    walls: _containers.RepeatedScalarFieldContainer[str]
    length_unit: str
    model: str
    version: int
    symmetry: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., size: _Optional[int] = ..., walls: _Optional[_Iterable[str]] = ..., length_unit: _Optional[str] = ..., model: _Optional[str] = ..., version: _Optional[int] = ..., symmetry: _Optional[_Iterable[str]] = ...) -> None: ...

class EncodeRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: MeshHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[MeshHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class EncodeResponse(_message.Message):
    __slots__ = ("handle", "walls", "wall_patches", "patches", "lower", "upper", "reference_length", "nodes", "cells", "warnings", "cached", "parse_seconds", "encode_seconds", "model", "version", "extrapolating", "symmetry")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    WALLS_FIELD_NUMBER: _ClassVar[int]
    WALL_PATCHES_FIELD_NUMBER: _ClassVar[int]
    PATCHES_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    CACHED_FIELD_NUMBER: _ClassVar[int]
    PARSE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ENCODE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXTRAPOLATING_FIELD_NUMBER: _ClassVar[int]
    SYMMETRY_FIELD_NUMBER: _ClassVar[int]
    handle: str
    walls: _containers.RepeatedCompositeFieldContainer[Wall]
    wall_patches: _containers.RepeatedScalarFieldContainer[str]
    patches: _containers.RepeatedScalarFieldContainer[str]
    lower: _containers.RepeatedScalarFieldContainer[float]
    upper: _containers.RepeatedScalarFieldContainer[float]
    reference_length: float
    nodes: int
    cells: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    cached: bool
    parse_seconds: float
    encode_seconds: float
    model: str
    version: int
    extrapolating: _containers.RepeatedScalarFieldContainer[str]
    symmetry: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, handle: _Optional[str] = ..., walls: _Optional[_Iterable[_Union[Wall, _Mapping]]] = ..., wall_patches: _Optional[_Iterable[str]] = ..., patches: _Optional[_Iterable[str]] = ..., lower: _Optional[_Iterable[float]] = ..., upper: _Optional[_Iterable[float]] = ..., reference_length: _Optional[float] = ..., nodes: _Optional[int] = ..., cells: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ..., cached: bool = ..., parse_seconds: _Optional[float] = ..., encode_seconds: _Optional[float] = ..., model: _Optional[str] = ..., version: _Optional[int] = ..., extrapolating: _Optional[_Iterable[str]] = ..., symmetry: _Optional[_Iterable[str]] = ...) -> None: ...

class Wall(_message.Message):
    __slots__ = ("nodes",)
    NODES_FIELD_NUMBER: _ClassVar[int]
    nodes: int
    def __init__(self, nodes: _Optional[int] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class Query(_message.Message):
    __slots__ = ("conditions", "explicit_points", "mesh_nodes", "grid", "wall", "further")
    class ConditionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Condition
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Condition, _Mapping]] = ...) -> None: ...
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    EXPLICIT_POINTS_FIELD_NUMBER: _ClassVar[int]
    MESH_NODES_FIELD_NUMBER: _ClassVar[int]
    GRID_FIELD_NUMBER: _ClassVar[int]
    WALL_FIELD_NUMBER: _ClassVar[int]
    FURTHER_FIELD_NUMBER: _ClassVar[int]
    conditions: _containers.MessageMap[str, Condition]
    explicit_points: ExplicitPoints
    mesh_nodes: MeshNodes
    grid: RegularGrid
    wall: WallSides
    further: _containers.RepeatedCompositeFieldContainer[ConditionSet]
    def __init__(self, conditions: _Optional[_Mapping[str, Condition]] = ..., explicit_points: _Optional[_Union[ExplicitPoints, _Mapping]] = ..., mesh_nodes: _Optional[_Union[MeshNodes, _Mapping]] = ..., grid: _Optional[_Union[RegularGrid, _Mapping]] = ..., wall: _Optional[_Union[WallSides, _Mapping]] = ..., further: _Optional[_Iterable[_Union[ConditionSet, _Mapping]]] = ...) -> None: ...

class ConditionSet(_message.Message):
    __slots__ = ("conditions",)
    class ConditionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Condition
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Condition, _Mapping]] = ...) -> None: ...
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    conditions: _containers.MessageMap[str, Condition]
    def __init__(self, conditions: _Optional[_Mapping[str, Condition]] = ...) -> None: ...

class ExplicitPoints(_message.Message):
    __slots__ = ("count", "dim")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    count: int
    dim: int
    def __init__(self, count: _Optional[int] = ..., dim: _Optional[int] = ...) -> None: ...

class MeshNodes(_message.Message):
    __slots__ = ("with_points",)
    WITH_POINTS_FIELD_NUMBER: _ClassVar[int]
    with_points: bool
    def __init__(self, with_points: bool = ...) -> None: ...

class WallSides(_message.Message):
    __slots__ = ("with_sides",)
    WITH_SIDES_FIELD_NUMBER: _ClassVar[int]
    with_sides: bool
    def __init__(self, with_sides: bool = ...) -> None: ...

class RegularGrid(_message.Message):
    __slots__ = ("lower", "upper", "resolution")
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    lower: _containers.RepeatedScalarFieldContainer[float]
    upper: _containers.RepeatedScalarFieldContainer[float]
    resolution: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, lower: _Optional[_Iterable[float]] = ..., upper: _Optional[_Iterable[float]] = ..., resolution: _Optional[_Iterable[int]] = ...) -> None: ...

class DecodeRequest(_message.Message):
    __slots__ = ("header", "points")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    header: DecodeHeader
    points: bytes
    def __init__(self, header: _Optional[_Union[DecodeHeader, _Mapping]] = ..., points: _Optional[bytes] = ...) -> None: ...

class DecodeHeader(_message.Message):
    __slots__ = ("handle", "query")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    handle: str
    query: Query
    def __init__(self, handle: _Optional[str] = ..., query: _Optional[_Union[Query, _Mapping]] = ...) -> None: ...

class SampleRequest(_message.Message):
    __slots__ = ("handle", "query", "points")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    handle: str
    query: Query
    points: bytes
    def __init__(self, handle: _Optional[str] = ..., query: _Optional[_Union[Query, _Mapping]] = ..., points: _Optional[bytes] = ...) -> None: ...

class SampleResponse(_message.Message):
    __slots__ = ("chunk", "summary")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    chunk: FieldChunk
    summary: Summary
    def __init__(self, chunk: _Optional[_Union[FieldChunk, _Mapping]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class DecodeResponse(_message.Message):
    __slots__ = ("chunk", "summary")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    chunk: FieldChunk
    summary: Summary
    def __init__(self, chunk: _Optional[_Union[FieldChunk, _Mapping]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class FieldChunk(_message.Message):
    __slots__ = ("first", "count", "fields", "points", "normals", "lengths", "walls")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    NORMALS_FIELD_NUMBER: _ClassVar[int]
    LENGTHS_FIELD_NUMBER: _ClassVar[int]
    WALLS_FIELD_NUMBER: _ClassVar[int]
    first: int
    count: int
    fields: _containers.RepeatedCompositeFieldContainer[FieldValues]
    points: bytes
    normals: bytes
    lengths: bytes
    walls: bytes
    def __init__(self, first: _Optional[int] = ..., count: _Optional[int] = ..., fields: _Optional[_Iterable[_Union[FieldValues, _Mapping]]] = ..., points: _Optional[bytes] = ..., normals: _Optional[bytes] = ..., lengths: _Optional[bytes] = ..., walls: _Optional[bytes] = ...) -> None: ...

class FieldValues(_message.Message):
    __slots__ = ("name", "values", "components")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: bytes
    components: int
    def __init__(self, name: _Optional[str] = ..., values: _Optional[bytes] = ..., components: _Optional[int] = ...) -> None: ...

class Integral(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("points", "outside", "extrapolating", "decode_seconds", "model", "version", "integrals")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_FIELD_NUMBER: _ClassVar[int]
    EXTRAPOLATING_FIELD_NUMBER: _ClassVar[int]
    DECODE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INTEGRALS_FIELD_NUMBER: _ClassVar[int]
    points: int
    outside: int
    extrapolating: _containers.RepeatedScalarFieldContainer[str]
    decode_seconds: float
    model: str
    version: int
    integrals: _containers.RepeatedCompositeFieldContainer[Integral]
    def __init__(self, points: _Optional[int] = ..., outside: _Optional[int] = ..., extrapolating: _Optional[_Iterable[str]] = ..., decode_seconds: _Optional[float] = ..., model: _Optional[str] = ..., version: _Optional[int] = ..., integrals: _Optional[_Iterable[_Union[Integral, _Mapping]]] = ...) -> None: ...

class PredictRequest(_message.Message):
    __slots__ = ("header", "chunk", "query", "points")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    header: MeshHeader
    chunk: bytes
    query: Query
    points: bytes
    def __init__(self, header: _Optional[_Union[MeshHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ..., query: _Optional[_Union[Query, _Mapping]] = ..., points: _Optional[bytes] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("encoded", "chunk", "summary")
    ENCODED_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    encoded: EncodeResponse
    chunk: FieldChunk
    summary: Summary
    def __init__(self, encoded: _Optional[_Union[EncodeResponse, _Mapping]] = ..., chunk: _Optional[_Union[FieldChunk, _Mapping]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("versions",)
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[ModelVersion]
    def __init__(self, versions: _Optional[_Iterable[_Union[ModelVersion, _Mapping]]] = ...) -> None: ...

class ModelVersion(_message.Message):
    __slots__ = ("model", "version", "state", "reason", "digest")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[ModelVersion.State]
        STATE_AVAILABLE: _ClassVar[ModelVersion.State]
        STATE_LOADING: _ClassVar[ModelVersion.State]
        STATE_SERVING: _ClassVar[ModelVersion.State]
        STATE_BROKEN: _ClassVar[ModelVersion.State]
    STATE_UNSPECIFIED: ModelVersion.State
    STATE_AVAILABLE: ModelVersion.State
    STATE_LOADING: ModelVersion.State
    STATE_SERVING: ModelVersion.State
    STATE_BROKEN: ModelVersion.State
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: int
    state: ModelVersion.State
    reason: str
    digest: str
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., state: _Optional[_Union[ModelVersion.State, str]] = ..., reason: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class LoadModelRequest(_message.Message):
    __slots__ = ("model", "version")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class LoadModelResponse(_message.Message):
    __slots__ = ("loaded",)
    LOADED_FIELD_NUMBER: _ClassVar[int]
    loaded: ModelVersion
    def __init__(self, loaded: _Optional[_Union[ModelVersion, _Mapping]] = ...) -> None: ...

class UnloadModelRequest(_message.Message):
    __slots__ = ("model", "version")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class UnloadModelResponse(_message.Message):
    __slots__ = ("unloaded",)
    UNLOADED_FIELD_NUMBER: _ClassVar[int]
    unloaded: _containers.RepeatedCompositeFieldContainer[ModelVersion]
    def __init__(self, unloaded: _Optional[_Iterable[_Union[ModelVersion, _Mapping]]] = ...) -> None: ...
